/* Parameters and ingest as a C program does them: structures of its own, taken over and released exactly once. */

#include <errno.h>

#include "check.h"

enum { ROWS = 3 };

static struct AdbcDriver driver;
static struct AdbcError error = ADBC_ERROR_INIT;
static int arrays_alive, schemas_alive, streams_alive, batches_left, fails_after_batches;

static const int32_t values[ROWS] = {1, 2, 39};
static const void *column_buffers[] = {NULL, values};
static const void *struct_buffers[] = {NULL};
static struct ArrowArray column, *children[] = {&column};
static struct ArrowSchema field, *fields[] = {&field};

static void keep_child_array(struct ArrowArray *array) { array->release = NULL; }

static void keep_child_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static void release_array(struct ArrowArray *array) {
  CHECK(array->release);
  arrays_alive--;
  array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema) {
  CHECK(schema->release);
  schemas_alive--;
  schema->release = NULL;
}

static void make_array(struct ArrowArray *array) {
  column = (struct ArrowArray){.length = ROWS, .n_buffers = 2, .buffers = column_buffers, .release = keep_child_array};
  *array = (struct ArrowArray){
      .length = ROWS, .n_buffers = 1, .n_children = 1, .buffers = struct_buffers, .children = children,
      .release = release_array};
  arrays_alive++;
}

static void make_schema(struct ArrowSchema *schema) {
  field = (struct ArrowSchema){.format = "i", .name = "n", .flags = 2, .release = keep_child_schema};
  *schema = (struct ArrowSchema){
      .format = "+s", .name = "", .n_children = 1, .children = fields, .release = release_schema};
  schemas_alive++;
}

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema) {
  CHECK(stream->release);
  make_schema(schema);
  return 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *array) {
  CHECK(stream->release);
  if (batches_left == 0 && fails_after_batches) return EIO;
  if (batches_left == 0) {
    memset(array, 0, sizeof(*array));
    return 0;
  }
  batches_left--;
  make_array(array);
  return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream) {
  (void)stream;
  return "the tape is torn";
}

static void release_stream(struct ArrowArrayStream *stream) {
  CHECK(stream->release);
  streams_alive--;
  stream->release = NULL;
}

static void make_stream(struct ArrowArrayStream *stream, int batches, int fails) {
  *stream = (struct ArrowArrayStream){stream_schema, stream_next, stream_error, release_stream, NULL};
  batches_left = batches;
  fails_after_batches = fails;
  streams_alive++;
}

static void all_released(void) {
  CHECK(arrays_alive == 0);
  CHECK(schemas_alive == 0);
  CHECK(streams_alive == 0);
}

static void query(struct AdbcStatement *statement, const char *sql) {
  EXPECT(ADBC_STATUS_OK, driver.StatementSetSqlQuery(statement, sql, &error));
}

static void bind(struct AdbcStatement *statement) {
  struct ArrowArray array;
  struct ArrowSchema schema;
  make_array(&array);
  make_schema(&schema);
  EXPECT(ADBC_STATUS_OK, driver.StatementBind(statement, &array, &schema, &error));
  CHECK(!array.release && !schema.release);
}

static int64_t update(struct AdbcStatement *statement) {
  int64_t rows = -7;
  EXPECT(ADBC_STATUS_OK, driver.StatementExecuteQuery(statement, NULL, &rows, &error));
  return rows;
}

static int64_t sum(struct AdbcStatement *statement, const char *sql) {
  struct ArrowArrayStream result = {0};
  struct ArrowArray batch = {0};
  int64_t answer = 0;
  query(statement, sql);
  EXPECT(ADBC_STATUS_OK, driver.StatementExecuteQuery(statement, &result, NULL, &error));
  CHECK(result.get_next(&result, &batch) == 0 && batch.release && batch.length == 1);
  memcpy(&answer, batch.children[0]->buffers[1], sizeof(answer));
  batch.release(&batch);
  result.release(&result);
  return answer;
}

static void rows_are_bound(struct AdbcStatement *statement) {
  struct ArrowSchema parameters = {0};
  query(statement, "CREATE TEMP TABLE c_bound (n INTEGER)");
  update(statement);
  query(statement, "INSERT INTO c_bound VALUES ($1)");
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.StatementGetParameterSchema(statement, &parameters, &error));
  EXPECT(ADBC_STATUS_OK, driver.StatementPrepare(statement, &error));
  EXPECT(ADBC_STATUS_OK, driver.StatementGetParameterSchema(statement, &parameters, &error));
  CHECK(parameters.n_children == 1 && strcmp(parameters.children[0]->format, "i") == 0);
  parameters.release(&parameters);
  bind(statement);
  CHECK(update(statement) == ROWS);
  all_released();
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.StatementExecuteQuery(statement, NULL, NULL, &error));
  struct ArrowArrayStream stream;
  make_stream(&stream, 4, 0);
  EXPECT(ADBC_STATUS_OK, driver.StatementBindStream(statement, &stream, &error));
  CHECK(!stream.release);
  CHECK(update(statement) == 4 * ROWS);
  all_released();
  CHECK(sum(statement, "SELECT sum(n)::BIGINT FROM c_bound") == 5 * 42);
}

static void data_that_is_not_used_is_released(struct AdbcStatement *statement) {
  query(statement, "SELECT $1::INTEGER, $2::INTEGER");
  bind(statement);
  bind(statement);
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.StatementExecuteQuery(statement, NULL, NULL, &error));
  all_released();
  struct ArrowArray array;
  struct ArrowSchema schema;
  make_array(&array);
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.StatementBind(statement, &array, NULL, &error));
  CHECK(array.release);
  array.release(&array);
  make_schema(&schema);
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.StatementBind(statement, NULL, &schema, &error));
  CHECK(schema.release);
  schema.release(&schema);
  EXPECT(ADBC_STATUS_INVALID_ARGUMENT, driver.StatementBindStream(statement, NULL, &error));
  all_released();
}

static void a_stream_that_fails_leaves_nothing(struct AdbcStatement *statement) {
  struct ArrowArrayStream stream;
  EXPECT(ADBC_STATUS_OK, driver.StatementSetOption(statement, "adbc.ingest.target_table", "c_ingested", &error));
  EXPECT(ADBC_STATUS_OK, driver.StatementSetOption(statement, "adbc.ingest.temporary", "true", &error));
  make_stream(&stream, 2, 1);
  EXPECT(ADBC_STATUS_OK, driver.StatementBindStream(statement, &stream, &error));
  AdbcStatusCode status = driver.StatementExecuteQuery(statement, NULL, NULL, &error);
  CHECK(status == ADBC_STATUS_IO && strstr(error.message, "the tape is torn"));
  forget(&error, status);
  all_released();
  make_stream(&stream, 2, 0);
  EXPECT(ADBC_STATUS_OK, driver.StatementBindStream(statement, &stream, &error));
  CHECK(update(statement) == 2 * ROWS);
  all_released();
  CHECK(sum(statement, "SELECT sum(n)::BIGINT FROM c_ingested") == 2 * 42);
}

static void data_outlives_no_statement(struct AdbcConnection *connection) {
  struct AdbcStatement statement = {0};
  struct ArrowArrayStream stream;
  EXPECT(ADBC_STATUS_OK, driver.StatementNew(connection, &statement, &error));
  bind(&statement);
  EXPECT(ADBC_STATUS_OK, driver.StatementRelease(&statement, &error));
  all_released();
  make_stream(&stream, 1, 0);
  EXPECT(ADBC_STATUS_INVALID_STATE, driver.StatementBindStream(&statement, &stream, &error));
  CHECK(stream.release);
  stream.release(&stream);
  all_released();
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  struct Session session = {0};
  open_session(&session, &driver, arguments[1], arguments[2]);
  rows_are_bound(&session.statement);
  data_that_is_not_used_is_released(&session.statement);
  a_stream_that_fails_leaves_nothing(&session.statement);
  data_outlives_no_statement(&session.connection);
  close_session(&session, &driver);
  return 0;
}
