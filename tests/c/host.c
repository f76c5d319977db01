/* A host that exports functions of the driver's names, as every driver manager does, and unloads the driver. */

#include "check.h"

static int host_was_called = 0;

AdbcStatusCode AdbcDatabaseInit(struct AdbcDatabase *database, struct AdbcError *error) {
  (void)database, (void)error;
  host_was_called = 1;
  return ADBC_STATUS_OK;
}

int main(int count, char **arguments) {
  CHECK(count == 2);
  struct AdbcDatabase database = {0};
  struct AdbcError error = ADBC_ERROR_INIT;
  struct AdbcDriver driver;
  EXPECT(ADBC_STATUS_OK, load(arguments[1], "AdbcDriverInit")(ADBC_VERSION_1_1_0, &driver, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.DatabaseInit(&database, &error));
  void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  AdbcStatusCode (*plain)(struct AdbcDatabase *, struct AdbcError *) = dlsym(library, "AdbcDatabaseInit");
  CHECK(plain != NULL && plain != AdbcDatabaseInit);
  EXPECT(ADBC_STATUS_INVALID_STATE, plain(&database, &error));
  CHECK(!host_was_called);
  /* Both loads undone: the code must stay mapped, for threads of the driver that still run. */
  CHECK(dlclose(library) == 0 && dlclose(library) == 0);
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.DatabaseInit(&database, &error));
  return 0;
}
