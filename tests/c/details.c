/* Details of errors: of a call through AdbcErrorGetDetail, and of a result that fails in mid-stream through
 * AdbcErrorFromArrayStream, whose error stays the stream's. */

#include "check.h"

static struct AdbcDriver driver;
static struct Session session;

/* The value of a detail as a text, or NULL. */
static const char *detail(const struct AdbcError *error, const char *key) {
  static char value[1024];
  for (int i = 0; i < driver.ErrorGetDetailCount(error); i++) {
    struct AdbcErrorDetail found = driver.ErrorGetDetail(error, i);
    CHECK(found.key && found.value);
    if (strcmp(found.key, key) == 0 && found.value_length < sizeof(value)) {
      memcpy(value, found.value, found.value_length);
      value[found.value_length] = 0;
      return value;
    }
  }
  CHECK(driver.ErrorGetDetail(error, driver.ErrorGetDetailCount(error)).key == NULL);
  return NULL;
}

static void expect_detail(const struct AdbcError *error, const char *key, const char *expected) {
  const char *found = detail(error, key);
  if (!found || strcmp(found, expected) != 0) fprintf(stderr, "%s: %s\n", key, found ? found : "(none)");
  CHECK(found && strcmp(found, expected) == 0);
}

static void a_call_that_fails_has_the_server_s_fields(void) {
  struct AdbcError error = ADBC_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  EXPECT(ADBC_STATUS_OK, driver.StatementSetSqlQuery(&session.statement, "SELECT no_such_column", &error));
  CHECK(driver.StatementExecuteQuery(&session.statement, &stream, NULL, &error) == ADBC_STATUS_INVALID_ARGUMENT);
  CHECK(stream.release == NULL && memcmp(error.sqlstate, "42703", 5) == 0);
  expect_detail(&error, "severity", "ERROR");
  expect_detail(&error, "sqlstate", "42703");
  expect_detail(&error, "position", "8");
  expect_detail(&error, "retryable", "false");
  CHECK(detail(&error, "no_such_detail") == NULL);
  error.release(&error);
}

static void a_result_that_fails_in_mid_stream_has_them_too(void) {
  struct AdbcError error = ADBC_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  struct ArrowArray array = {0};
  const char *query = "SELECT i, 1 / (100000 - i) FROM generate_series(1, 200000) AS i";
  EXPECT(ADBC_STATUS_OK, driver.StatementSetSqlQuery(&session.statement, query, &error));
  EXPECT(ADBC_STATUS_OK, driver.StatementExecuteQuery(&session.statement, &stream, NULL, &error));
  AdbcStatusCode status = 99;
  const struct AdbcError *found = driver.ErrorFromArrayStream(&stream, &status);
  CHECK(status == ADBC_STATUS_OK && (!found || !found->message));
  int failed = 0, batches = 0;
  while ((failed = stream.get_next(&stream, &array)) == 0 && array.release) {
    array.release(&array);
    batches++;
  }
  CHECK(failed && batches > 0 && strstr(stream.get_last_error(&stream), "division by zero"));
  found = driver.ErrorFromArrayStream(&stream, &status);
  CHECK(found && status == ADBC_STATUS_INVALID_DATA && memcmp(found->sqlstate, "22012", 5) == 0);
  expect_detail(found, "severity", "ERROR");
  expect_detail(found, "retryable", "false");
  stream.release(&stream);
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  open_session(&session, &driver, arguments[1], arguments[2]);
  a_call_that_fails_has_the_server_s_fields();
  a_result_that_fails_in_mid_stream_has_them_too();
  close_session(&session, &driver);
  return 0;
}
