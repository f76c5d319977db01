/* A host that itself exports every function of the driver's names, as driver managers do, and unloads the driver: each
 * call of the driver's table, and each within the driver, reaches the driver's own. */

#include "check.h"

static int host_was_called = 0;

static AdbcStatusCode host(void) {
  host_was_called = 1;
  return ADBC_STATUS_OK;
}

/* One body for all of them, whatever their parameters. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wattribute-alias"
#endif
#define HOSTS(name, parameters) extern __typeof__(Adbc##name) Adbc##name __attribute__((alias("host")));
FUNCTIONS_1_0_0(HOSTS)
FUNCTIONS_1_1_0(HOSTS)
HOSTS(ErrorGetDetailCount, )
HOSTS(ErrorGetDetail, )
HOSTS(ErrorFromArrayStream, )

static void no_function_is_the_host_s(void *library, struct AdbcDriver *driver) {
#define IS_NOT_THE_HOST_S(name, parameters)                                                        \
  do {                                                                                             \
    void *plain = dlsym(library, "Adbc" #name);                                                    \
    CHECK((void *)Adbc##name == (void *)host);                                                     \
    CHECK(plain && plain != (void *)host && driver->name && (void *)driver->name != (void *)host); \
  } while (0);
  FUNCTIONS_1_0_0(IS_NOT_THE_HOST_S)
  FUNCTIONS_1_1_0(IS_NOT_THE_HOST_S)
  IS_NOT_THE_HOST_S(ErrorGetDetailCount, )
  IS_NOT_THE_HOST_S(ErrorGetDetail, )
  IS_NOT_THE_HOST_S(ErrorFromArrayStream, )
}

static void a_plain_function_is_the_driver_s(void *library) {
  struct AdbcDatabase database = {0};
  struct AdbcError error = ADBC_ERROR_INIT;
  AdbcStatusCode (*plain)(struct AdbcDatabase *, struct AdbcError *) = dlsym(library, "AdbcDatabaseInit");
  EXPECT(ADBC_STATUS_INVALID_STATE, plain(&database, &error));
}

static void a_query_runs_in_the_driver(struct AdbcDriver *driver, struct Session *session) {
  struct AdbcError error = ADBC_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  struct ArrowArray batch = {0};
  EXPECT(ADBC_STATUS_OK, driver->StatementSetSqlQuery(&session->statement, "SELECT 7", &error));
  EXPECT(ADBC_STATUS_OK, driver->StatementExecuteQuery(&session->statement, &stream, NULL, &error));
  CHECK(stream.get_next(&stream, &batch) == 0 && batch.release && batch.length == 1);
  CHECK(*(const int32_t *)batch.children[0]->buffers[1] == 7);
  batch.release(&batch);
  stream.release(&stream);
  EXPECT(ADBC_STATUS_OK, driver->StatementSetSqlQuery(&session->statement, "SELECT no_such_column", &error));
  CHECK(driver->StatementExecuteQuery(&session->statement, &stream, NULL, &error) != ADBC_STATUS_OK);
  CHECK(driver->ErrorGetDetailCount(&error) > 0 && driver->ErrorGetDetail(&error, 0).key);
  error.release(&error);
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  struct AdbcDatabase database = {0};
  struct AdbcError error = ADBC_ERROR_INIT;
  struct AdbcDriver driver;
  struct Session session = {0};
  open_session(&session, &driver, arguments[1], arguments[2]);
  void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  no_function_is_the_host_s(library, &driver);
  a_plain_function_is_the_driver_s(library);
  a_query_runs_in_the_driver(&driver, &session);
  close_session(&session, &driver);
  CHECK(!host_was_called);
  /* Both loads undone: the code must stay mapped, for threads of the driver that still run. */
  CHECK(dlclose(library) == 0 && dlclose(library) == 0);
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.DatabaseInit(&database, &error));
  return 0;
}
