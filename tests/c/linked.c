/* A program that links the library and calls every plain function as it is meant to be called; it also includes the
 * driver's own header. */

#include "adbc_driver_redshift.h"
#include "check.h"

#define BATCH_ROWS "adbc.redshift.result.batch_rows"
#define APPLICATION "adbc.redshift.session.application_name"

static struct AdbcError error = ADBC_ERROR_INIT;

/* Reads a result to its end; answers the number of its rows. */
static int64_t drain(struct ArrowArrayStream *stream) {
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  int64_t rows = 0;
  CHECK(stream->get_schema(stream, &schema) == 0 && strcmp(schema.format, "+s") == 0);
  schema.release(&schema);
  while (stream->get_next(stream, &array) == 0 && array.release) {
    rows += array.length;
    array.release(&array);
  }
  CHECK(!stream->get_last_error(stream));
  stream->release(stream);
  return rows;
}

/* Sets and reads one option in each of its four forms. */
#define FOUR_FORMS(Object, object)                                                                 \
  do {                                                                                             \
    char text[32];                                                                                 \
    size_t length = sizeof(text);                                                                  \
    int64_t number = 0;                                                                            \
    double real = 0;                                                                               \
    EXPECT(ADBC_STATUS_OK, Adbc##Object##SetOptionInt(object, BATCH_ROWS, 700, &error));           \
    EXPECT(ADBC_STATUS_OK, Adbc##Object##GetOption(object, BATCH_ROWS, text, &length, &error));    \
    CHECK(length == sizeof("700") && strcmp(text, "700") == 0);                                    \
    EXPECT(ADBC_STATUS_OK, Adbc##Object##SetOptionDouble(object, BATCH_ROWS, 800.0, &error));      \
    EXPECT(ADBC_STATUS_OK, Adbc##Object##GetOptionInt(object, BATCH_ROWS, &number, &error));       \
    CHECK(number == 800);                                                                          \
    EXPECT(ADBC_STATUS_OK,                                                                         \
           Adbc##Object##SetOptionBytes(object, BATCH_ROWS, (const uint8_t *)"900", 3, &error));   \
    EXPECT(ADBC_STATUS_OK, Adbc##Object##GetOptionDouble(object, BATCH_ROWS, &real, &error));      \
    CHECK(real == 900.0);                                                                          \
    EXPECT(ADBC_STATUS_OK, Adbc##Object##SetOption(object, BATCH_ROWS, "1000", &error));           \
    length = sizeof(text);                                                                         \
    EXPECT(ADBC_STATUS_OK,                                                                         \
           Adbc##Object##GetOptionBytes(object, BATCH_ROWS, (uint8_t *)text, &length, &error));    \
    CHECK(length == 4 && memcmp(text, "1000", 4) == 0);                                            \
    EXPECT(ADBC_STATUS_INVALID_ARGUMENT,                                                           \
           Adbc##Object##SetOptionDouble(object, BATCH_ROWS, 0.5, &error));                        \
    EXPECT(ADBC_STATUS_INVALID_ARGUMENT, Adbc##Object##SetOption(object, BATCH_ROWS, "many", &error)); \
  } while (0)

static void metadata(struct AdbcConnection *connection) {
  struct ArrowArrayStream stream = {0};
  struct ArrowSchema schema = {0};
  const uint32_t codes[] = {0, 100, 999999};
  const char *types[] = {"TABLE", NULL};
  EXPECT(ADBC_STATUS_OK, AdbcConnectionGetInfo(connection, codes, 3, &stream, &error));
  CHECK(drain(&stream) == 2); /* Unknown codes are left out. */
  EXPECT(ADBC_STATUS_OK, AdbcConnectionGetInfo(connection, NULL, 0, &stream, &error));
  CHECK(drain(&stream) > 5);
  EXPECT(ADBC_STATUS_OK,
         AdbcConnectionGetObjects(connection, 0, NULL, "public", "linked", types, "n", &stream, &error));
  CHECK(drain(&stream) > 0);
  EXPECT(ADBC_STATUS_OK, AdbcConnectionGetTableSchema(connection, NULL, "public", "linked", &schema, &error));
  CHECK(schema.n_children == 2 && strcmp(schema.children[0]->format, "i") == 0);
  schema.release(&schema);
  EXPECT(ADBC_STATUS_NOT_FOUND,
         AdbcConnectionGetTableSchema(connection, NULL, "public", "no_such_table", &schema, &error));
  CHECK(!schema.release);
  EXPECT(ADBC_STATUS_OK, AdbcConnectionGetStatistics(connection, NULL, "public", "linked", 1, &stream, &error));
  CHECK(drain(&stream) > 0);
  EXPECT(ADBC_STATUS_OK, AdbcConnectionGetStatisticNames(connection, &stream, &error));
  CHECK(drain(&stream) > 0);
  EXPECT(ADBC_STATUS_NOT_IMPLEMENTED,
         AdbcConnectionReadPartition(connection, (const uint8_t *)"p", 1, &stream, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, AdbcConnectionCancel(connection, &error)); /* Nothing runs. */
}

static void update(struct AdbcStatement *statement, const char *sql, int64_t expected) {
  int64_t rows = -7;
  EXPECT(ADBC_STATUS_OK, AdbcStatementSetSqlQuery(statement, sql, &error));
  EXPECT(ADBC_STATUS_OK, AdbcStatementExecuteQuery(statement, NULL, &rows, &error));
  CHECK(rows == expected);
}

static void queries(struct AdbcStatement *statement) {
  struct ArrowArrayStream stream = {0};
  struct ArrowSchema schema = {0};
  struct AdbcPartitions partitions = {0};
  EXPECT(ADBC_STATUS_OK, AdbcStatementSetSqlQuery(statement, "SELECT n, t FROM linked ORDER BY n", &error));
  EXPECT(ADBC_STATUS_OK, AdbcStatementPrepare(statement, &error));
  EXPECT(ADBC_STATUS_OK, AdbcStatementExecuteSchema(statement, &schema, &error));
  CHECK(schema.n_children == 2 && strcmp(schema.children[1]->format, "u") == 0);
  schema.release(&schema);
  EXPECT(ADBC_STATUS_OK, AdbcStatementExecuteQuery(statement, &stream, NULL, &error));
  CHECK(drain(&stream) == 2);
  EXPECT(ADBC_STATUS_NOT_IMPLEMENTED,
         AdbcStatementExecutePartitions(statement, &schema, &partitions, NULL, &error));
  EXPECT(ADBC_STATUS_NOT_IMPLEMENTED,
         AdbcStatementSetSubstraitPlan(statement, (const uint8_t *)"p", 1, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, AdbcStatementCancel(statement, &error));
}

/* What one call gives, another takes: the table types become rows, as a stream and as a batch. */
static void parameters(struct AdbcConnection *connection, struct AdbcStatement *statement) {
  struct ArrowArrayStream stream = {0};
  struct ArrowSchema schema = {0};
  struct ArrowArray array = {0};
  EXPECT(ADBC_STATUS_OK,
         AdbcStatementSetSqlQuery(statement, "INSERT INTO linked (t) VALUES ($1)", &error));
  EXPECT(ADBC_STATUS_OK, AdbcStatementPrepare(statement, &error));
  EXPECT(ADBC_STATUS_OK, AdbcStatementGetParameterSchema(statement, &schema, &error));
  CHECK(schema.n_children == 1);
  schema.release(&schema);
  int64_t by_stream = 0, by_batch = 0;
  EXPECT(ADBC_STATUS_OK, AdbcConnectionGetTableTypes(connection, &stream, &error));
  EXPECT(ADBC_STATUS_OK, AdbcStatementBindStream(statement, &stream, &error));
  CHECK(!stream.release);
  EXPECT(ADBC_STATUS_OK, AdbcStatementExecuteQuery(statement, NULL, &by_stream, &error));
  EXPECT(ADBC_STATUS_OK, AdbcConnectionGetTableTypes(connection, &stream, &error));
  CHECK(stream.get_schema(&stream, &schema) == 0 && stream.get_next(&stream, &array) == 0);
  EXPECT(ADBC_STATUS_OK, AdbcStatementBind(statement, &array, &schema, &error));
  CHECK(!array.release && !schema.release);
  stream.release(&stream);
  EXPECT(ADBC_STATUS_OK, AdbcStatementExecuteQuery(statement, NULL, &by_batch, &error));
  CHECK(by_stream > 0 && by_stream == by_batch);
}

static void transactions(struct AdbcConnection *connection, struct AdbcStatement *statement) {
  EXPECT(ADBC_STATUS_INVALID_STATE, AdbcConnectionCommit(connection, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, AdbcConnectionRollback(connection, &error));
  EXPECT(ADBC_STATUS_OK, AdbcConnectionSetOption(connection, "adbc.connection.autocommit", "false", &error));
  update(statement, "DELETE FROM linked WHERE n = 1", 1);
  EXPECT(ADBC_STATUS_OK, AdbcConnectionRollback(connection, &error));
  update(statement, "DELETE FROM linked WHERE n = 1", 1);
  EXPECT(ADBC_STATUS_OK, AdbcConnectionCommit(connection, &error));
  EXPECT(ADBC_STATUS_OK, AdbcConnectionSetOption(connection, "adbc.connection.autocommit", "true", &error));
  update(statement, "DELETE FROM linked WHERE n = 1", 0);
}

static void errors(struct AdbcStatement *statement) {
  struct ArrowArrayStream stream = {0};
  struct ArrowArray array = {0};
  EXPECT(ADBC_STATUS_OK, AdbcStatementSetSqlQuery(statement, "SELECT no_such_column", &error));
  CHECK(AdbcStatementExecuteQuery(statement, &stream, NULL, &error) == ADBC_STATUS_INVALID_ARGUMENT);
  CHECK(AdbcErrorGetDetailCount(&error) > 0 && AdbcErrorGetDetail(&error, 0).key);
  error.release(&error);
  const char *query = "SELECT i, 1 / (100000 - i) FROM generate_series(1, 200000) AS i";
  EXPECT(ADBC_STATUS_OK, AdbcStatementSetSqlQuery(statement, query, &error));
  EXPECT(ADBC_STATUS_OK, AdbcStatementExecuteQuery(statement, &stream, NULL, &error));
  while (stream.get_next(&stream, &array) == 0 && array.release) array.release(&array);
  AdbcStatusCode status = ADBC_STATUS_OK;
  const struct AdbcError *found = AdbcErrorFromArrayStream(&stream, &status);
  CHECK(found && status == ADBC_STATUS_INVALID_DATA && AdbcErrorGetDetailCount(found) > 0);
  stream.release(&stream);
}

static void before_anything_is_open(void) {
  struct AdbcDatabase database = {0};
  struct AdbcDriver driver;
  EXPECT(ADBC_STATUS_INVALID_STATE, AdbcDatabaseInit(&database, &error));
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, AdbcStatementPrepare(NULL, &error));
  CHECK(AdbcErrorGetDetailCount(&error) == 0);
  InitFunction init = AdbcDriverRedshiftInit;
  EXPECT(ADBC_STATUS_OK, init(ADBC_VERSION_1_1_0, &driver, &error));
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.DatabaseInit(&database, &error));
}

int main(int count, char **arguments) {
  struct AdbcDatabase database = {0};
  struct AdbcConnection connection = {0};
  struct AdbcStatement statement = {0};
  CHECK(count == 3);
  alarm(120);
  before_anything_is_open();
  EXPECT(ADBC_STATUS_OK, AdbcDatabaseNew(&database, &error));
  EXPECT(ADBC_STATUS_OK, AdbcDatabaseSetOption(&database, "uri", arguments[2], &error));
  EXPECT(ADBC_STATUS_OK, AdbcDatabaseSetOption(&database, APPLICATION, "linked", &error));
  FOUR_FORMS(Database, &database);
  EXPECT(ADBC_STATUS_OK, AdbcDatabaseInit(&database, &error));
  EXPECT(ADBC_STATUS_OK, AdbcConnectionNew(&connection, &error));
  EXPECT(ADBC_STATUS_OK, AdbcConnectionInit(&connection, &database, &error));
  FOUR_FORMS(Connection, &connection);
  EXPECT(ADBC_STATUS_OK, AdbcStatementNew(&connection, &statement, &error));
  FOUR_FORMS(Statement, &statement);
  update(&statement, "CREATE TABLE public.linked (n INTEGER, t VARCHAR(20))", -1);
  update(&statement, "INSERT INTO public.linked VALUES (1, 'x'), (2, 'y')", 2);
  metadata(&connection);
  queries(&statement);
  parameters(&connection, &statement);
  transactions(&connection, &statement);
  errors(&statement);
  EXPECT(ADBC_STATUS_OK, AdbcStatementRelease(&statement, &error));
  EXPECT(ADBC_STATUS_OK, AdbcConnectionRelease(&connection, &error));
  EXPECT(ADBC_STATUS_OK, AdbcDatabaseRelease(&database, &error));
  return 0;
}
