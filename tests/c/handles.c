/* Every slot of the table on handles that are NULL, empty, fresh and released; option buffers; reuse of errors. */

#include "check.h"

static struct AdbcDriver driver;
static struct AdbcError error = ADBC_ERROR_INIT;

/* Result places, zeroed before each call; a call that fails must leave them so. */
static struct ArrowArrayStream stream;
static struct ArrowSchema schema;
static struct ArrowArray array;
static struct AdbcPartitions partitions;
static int64_t number;
static double real;
static char text[8];
static size_t length;

enum Handle { NULL_HANDLE, EMPTY_HANDLE, FRESH_HANDLE };

static void judge(enum Handle handle, const char *name, AdbcStatusCode status) {
  int fine = 0;
  switch (handle) {
    case NULL_HANDLE:
      fine = status == ADBC_STATUS_INVALID_ARGUMENT;
      break;
    case EMPTY_HANDLE:
      fine = status == ADBC_STATUS_INVALID_STATE;
      break;
    case FRESH_HANDLE: /* What fits the call, but never a fault. */
      fine = status != ADBC_STATUS_INTERNAL && status != ADBC_STATUS_UNKNOWN;
      break;
  }
  if (!fine) {
    fprintf(stderr, "%s gave status %d: %s\n", name, status, error.message ? error.message : "");
    exit(1);
  }
  if (status == ADBC_STATUS_OK) {
    if (stream.release) stream.release(&stream);
    if (schema.release) schema.release(&schema);
    if (partitions.release) partitions.release(&partitions);
  }
  CHECK(!stream.release && !schema.release && !partitions.release);
  forget(&error, status);
}

#define CALL(name, ...)                                                           \
  do {                                                                            \
    memset(&stream, 0, sizeof(stream));                                           \
    memset(&schema, 0, sizeof(schema));                                           \
    memset(&partitions, 0, sizeof(partitions));                                   \
    length = sizeof(text);                                                        \
    judge(handle, #name, driver.name(__VA_ARGS__, &error));                       \
  } while (0)

#define OPTION_CALLS(Object, object)                                              \
  do {                                                                            \
    CALL(Object##SetOption, object, "no.such.option", "value");                   \
    CALL(Object##SetOptionBytes, object, "no.such.option", (const uint8_t *)"v", 1); \
    CALL(Object##SetOptionDouble, object, "no.such.option", 1.5);                 \
    CALL(Object##SetOptionInt, object, "no.such.option", 1);                      \
    CALL(Object##GetOption, object, "no.such.option", text, &length);             \
    CALL(Object##GetOptionBytes, object, "no.such.option", (uint8_t *)text, &length); \
    CALL(Object##GetOptionDouble, object, "no.such.option", &real);               \
    CALL(Object##GetOptionInt, object, "no.such.option", &number);                \
  } while (0)

static void database_calls(enum Handle handle, struct AdbcDatabase *database) {
  OPTION_CALLS(Database, database);
  if (handle != FRESH_HANDLE) {
    CALL(DatabaseInit, database);
    CALL(DatabaseRelease, database);
  }
}

static void connection_calls(enum Handle handle, struct AdbcConnection *connection, struct AdbcDatabase *database) {
  const char *types[] = {"TABLE", NULL};
  uint32_t codes[] = {100};
  OPTION_CALLS(Connection, connection);
  CALL(ConnectionCommit, connection);
  CALL(ConnectionRollback, connection);
  CALL(ConnectionCancel, connection);
  CALL(ConnectionGetInfo, connection, NULL, 0, &stream);
  CALL(ConnectionGetInfo, connection, codes, 1, &stream);
  CALL(ConnectionGetObjects, connection, 0, NULL, NULL, NULL, NULL, NULL, &stream);
  CALL(ConnectionGetObjects, connection, 3, "%", "%", "t", types, "c", &stream);
  CALL(ConnectionGetTableSchema, connection, NULL, NULL, "t", &schema);
  CALL(ConnectionGetTableTypes, connection, &stream);
  CALL(ConnectionGetStatistics, connection, NULL, NULL, NULL, 1, &stream);
  CALL(ConnectionGetStatisticNames, connection, &stream);
  CALL(ConnectionReadPartition, connection, (const uint8_t *)"p", 1, &stream);
  if (handle != FRESH_HANDLE) {
    CALL(ConnectionInit, connection, database);
    CALL(ConnectionRelease, connection);
  }
}

static void statement_calls(enum Handle handle, struct AdbcStatement *statement) {
  OPTION_CALLS(Statement, statement);
  CALL(StatementPrepare, statement);
  CALL(StatementExecuteQuery, statement, &stream, &number);
  CALL(StatementExecuteQuery, statement, NULL, NULL);
  CALL(StatementExecuteSchema, statement, &schema);
  CALL(StatementExecutePartitions, statement, &schema, &partitions, &number);
  CALL(StatementGetParameterSchema, statement, &schema);
  CALL(StatementCancel, statement);
  CALL(StatementSetSubstraitPlan, statement, (const uint8_t *)"p", 1);
  CALL(StatementBind, statement, &array, &schema);
  CALL(StatementBindStream, statement, &stream);
  CALL(StatementSetSqlQuery, statement, "SELECT 1");
  if (handle != FRESH_HANDLE) CALL(StatementRelease, statement);
}

static void unusable_handles(void) {
  struct AdbcDatabase database = {0};
  struct AdbcConnection connection = {0};
  struct AdbcStatement statement = {0};
  enum Handle handle = NULL_HANDLE;
  database_calls(handle, NULL);
  connection_calls(handle, NULL, NULL);
  statement_calls(handle, NULL);
  CALL(DatabaseNew, NULL);
  CALL(ConnectionNew, NULL);
  CALL(StatementNew, NULL, &statement);
  handle = EMPTY_HANDLE;
  database_calls(handle, &database);
  connection_calls(handle, &connection, &database);
  statement_calls(handle, &statement);
  CALL(StatementNew, &connection, &statement);
  CHECK(!database.private_data && !connection.private_data && !statement.private_data);
  CHECK(driver.ErrorFromArrayStream(NULL, NULL) == NULL);
  CHECK(driver.ErrorFromArrayStream(&stream, NULL) == NULL);
  CHECK(driver.ErrorGetDetailCount(NULL) == 0 && driver.ErrorGetDetailCount(&error) == 0);
  CHECK(driver.ErrorGetDetail(&error, 0).key == NULL);
}

static void option_buffers(struct AdbcDatabase *database) {
  EXPECT(ADBC_STATUS_OK, driver.DatabaseSetOption(database, "username", "awsuser", &error));
  size_t size = 0;
  EXPECT(ADBC_STATUS_OK, driver.DatabaseGetOption(database, "username", NULL, &size, &error));
  CHECK(size == sizeof("awsuser"));
  char buffer[16];
  memset(buffer, '#', sizeof(buffer));
  size = sizeof("awsuser") - 1;
  EXPECT(ADBC_STATUS_OK, driver.DatabaseGetOption(database, "username", buffer, &size, &error));
  CHECK(size == sizeof("awsuser") && buffer[0] == '#');
  EXPECT(ADBC_STATUS_OK, driver.DatabaseGetOption(database, "username", buffer, &size, &error));
  CHECK(size == sizeof("awsuser") && strcmp(buffer, "awsuser") == 0 && buffer[size] == '#');
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.DatabaseGetOption(database, "username", buffer, NULL, &error));
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.DatabaseGetOption(database, NULL, buffer, &size, &error));
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.DatabaseSetOption(database, NULL, "value", &error));
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.DatabaseSetOption(database, "username", NULL, &error));
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.DatabaseSetOption(database, "username", "\xff", &error));
  EXPECT(ADBC_STATUS_NOT_IMPLEMENTED, driver.DatabaseSetOption(database, "no.such.option", "1", &error));
  EXPECT(ADBC_STATUS_NOT_IMPLEMENTED, driver.DatabaseSetOptionInt(database, "no.such.option", 1, &error));
  EXPECT(ADBC_STATUS_NOT_FOUND, driver.DatabaseGetOption(database, "no.such.option", buffer, &size, &error));
  EXPECT(ADBC_STATUS_NOT_FOUND, driver.DatabaseGetOptionInt(database, "no.such.option", &number, &error));
}

static void fresh_handles(void) {
  struct AdbcDatabase database = {0};
  struct AdbcConnection connection = {0};
  struct AdbcStatement statement = {0};
  EXPECT(ADBC_STATUS_OK, driver.DatabaseNew(&database, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.DatabaseNew(&database, &error));
  database_calls(FRESH_HANDLE, &database);
  option_buffers(&database);
  EXPECT(ADBC_STATUS_OK, driver.ConnectionNew(&connection, &error));
  connection_calls(FRESH_HANDLE, &connection, &database);
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.ConnectionCommit(&connection, &error));
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.ConnectionGetTableTypes(&connection, NULL, &error));
  for (int depth = -1; depth <= 4; depth += 5)
    EXPECT(ADBC_STATUS_INVALID_ARGUMENT,
           driver.ConnectionGetObjects(&connection, depth, NULL, NULL, NULL, NULL, NULL, &stream, &error));
  AdbcStatusCode made = driver.StatementNew(&connection, &statement, &error);
  CHECK(made == ADBC_STATUS_OK || made == ADBC_STATUS_INVALID_STATE);
  forget(&error, made);
  if (made == ADBC_STATUS_OK) {
    statement_calls(FRESH_HANDLE, &statement);
    EXPECT(ADBC_STATUS_OK, driver.StatementRelease(&statement, &error));
  }
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.StatementRelease(&statement, &error));
  /* In the order that adbc.h forbids, and each twice. */
  EXPECT(ADBC_STATUS_OK, driver.DatabaseRelease(&database, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.DatabaseRelease(&database, &error));
  EXPECT(ADBC_STATUS_OK, driver.ConnectionRelease(&connection, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.ConnectionRelease(&connection, &error));
  database_calls(EMPTY_HANDLE, &database);
  connection_calls(EMPTY_HANDLE, &connection, &database);
  statement_calls(EMPTY_HANDLE, &statement);
}

static void errors_may_be_reused(void) {
  struct AdbcDatabase database = {0};
  struct AdbcError reused = ADBC_ERROR_INIT;
  CHECK(driver.DatabaseInit(&database, &reused) == ADBC_STATUS_INVALID_STATE);
  CHECK(driver.DatabaseInit(NULL, &reused) == ADBC_STATUS_INVALID_ARGUMENT);
  CHECK(strstr(reused.message, "NULL") && strstr(reused.message, "AdbcDatabaseInit"));
  reused.release(&reused);
  CHECK(driver.DatabaseInit(NULL, NULL) == ADBC_STATUS_INVALID_ARGUMENT);
}

int main(int count, char **arguments) {
  CHECK(count == 2);
  EXPECT(ADBC_STATUS_OK, load(arguments[1], "AdbcDriverInit")(ADBC_VERSION_1_1_0, &driver, &error));
  unusable_handles();
  errors_may_be_reused();
  fresh_handles();
  return 0;
}
