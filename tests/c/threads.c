/* Many threads on shared connections and statements: execute, prepare, cancel, release, options, in any order.
 *
 * Calls on one handle may overlap, but for its release, which waits until nobody uses it. Each outcome must be one that
 * the call allows, a result that ends well must be complete, and afterwards every connection must still answer. */

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "check.h"

enum { CONNECTIONS = 2, STATEMENTS = 6, THREADS = 8, ROWS = 1000, SECONDS = 4 };

static struct AdbcDriver driver;
static struct AdbcDatabase database;
static struct AdbcConnection connections[CONNECTIONS];

static struct Shared {
  struct AdbcStatement statement;
  struct AdbcConnection *connection;
  pthread_rwlock_t alive; /* Held for reading during a call, for writing while the handle is released and made. */
} shared[STATEMENTS];

static _Atomic int running = 1;
static _Atomic long complete, cancelled;

/* Fails unless the status is one of `allowed`, a list that ends with OK. */
static AdbcStatusCode expect(const char *call, AdbcStatusCode status, struct AdbcError *error, const int *allowed) {
  for (const int *one = allowed;; one++) {
    if (*one == status) break;
    if (*one == ADBC_STATUS_OK) {
      fprintf(stderr, "%s gave status %d: %s\n", call, status, error->message ? error->message : "");
      exit(1);
    }
  }
  forget(error, status);
  return status;
}

#define ALLOW(call, ...) expect(#call, driver.call, &error, (const int[]){__VA_ARGS__ ADBC_STATUS_OK})
#define ENDED ADBC_STATUS_CANCELLED, ADBC_STATUS_INVALID_STATE,

static const char *QUERY = "SELECT i::BIGINT AS i FROM generate_series(1, 1000) AS i";

/* The sum of all rows, or -1 when somebody ended the result. */
static int64_t sum_of(struct ArrowArrayStream *stream) {
  int64_t sum = 0;
  for (;;) {
    struct ArrowArray batch;
    int code = stream->get_next(stream, &batch);
    if (code != 0) {
      const char *text = stream->get_last_error(stream);
      /* Cancelled, or executed again by another thread. */
      CHECK(text && (code == ECANCELED || strstr(text, "executed again")));
      return -1;
    }
    if (!batch.release) return sum;
    const int64_t *values = batch.children[0]->buffers[1];
    for (int64_t i = 0; i < batch.length; i++) sum += values[batch.children[0]->offset + i];
    batch.release(&batch);
  }
}

static void execute(struct AdbcStatement *statement) {
  struct AdbcError error = ADBC_ERROR_INIT;
  struct ArrowArrayStream stream = {0};
  int64_t rows;
  if (ALLOW(StatementExecuteQuery(statement, &stream, &rows, &error), ENDED) != ADBC_STATUS_OK) {
    cancelled++;
    return;
  }
  int64_t sum = sum_of(&stream);
  stream.release(&stream);
  CHECK(sum == -1 || sum == (int64_t)ROWS * (ROWS + 1) / 2);
  if (sum == -1) cancelled++;
  else complete++;
}

static void options(struct Shared *one, unsigned *seed) {
  struct AdbcError error = ADBC_ERROR_INIT;
  const char *key = "adbc.redshift.result.batch_rows";
  char text[32];
  size_t length = sizeof(text);
  int64_t number;
  ALLOW(StatementSetOptionInt(&one->statement, key, 1 + rand_r(seed) % 2000, &error), );
  ALLOW(StatementGetOptionInt(&one->statement, key, &number, &error), );
  CHECK(number >= 1 && number <= 2000);
  ALLOW(ConnectionSetOption(one->connection, key, "500", &error), );
  ALLOW(ConnectionGetOption(one->connection, key, text, &length, &error), );
  ALLOW(ConnectionGetOption(one->connection, "no.such.option", text, &length, &error), ADBC_STATUS_NOT_FOUND, );
}

/* A statement of this thread's own on a shared connection, released while its result is still open. */
static void brief_statement(struct AdbcConnection *connection) {
  struct AdbcError error = ADBC_ERROR_INIT;
  struct AdbcStatement statement = {0};
  struct ArrowArrayStream stream = {0};
  struct ArrowArray batch = {0};
  ALLOW(StatementNew(connection, &statement, &error), );
  ALLOW(StatementSetSqlQuery(&statement, QUERY, &error), );
  ALLOW(StatementSetOptionInt(&statement, "adbc.redshift.result.batch_rows", 10, &error), );
  if (ALLOW(StatementExecuteQuery(&statement, &stream, NULL, &error), ENDED) == ADBC_STATUS_OK) {
    ALLOW(StatementRelease(&statement, &error), );
    if (stream.get_next(&stream, &batch) == 0 && batch.release) batch.release(&batch);
    stream.release(&stream);
  } else {
    ALLOW(StatementRelease(&statement, &error), );
  }
}

static void make_anew(struct Shared *one) {
  struct AdbcError error = ADBC_ERROR_INIT;
  pthread_rwlock_wrlock(&one->alive);
  ALLOW(StatementRelease(&one->statement, &error), );
  ALLOW(StatementNew(one->connection, &one->statement, &error), );
  ALLOW(StatementSetSqlQuery(&one->statement, QUERY, &error), );
  pthread_rwlock_unlock(&one->alive);
}

static void one_call(struct Shared *one, unsigned *seed) {
  struct AdbcError error = ADBC_ERROR_INIT;
  struct ArrowSchema schema = {0};
  switch (rand_r(seed) % 16) {
    case 0:
      ALLOW(StatementPrepare(&one->statement, &error), ENDED);
      break;
    case 1:
      ALLOW(StatementSetSqlQuery(&one->statement, QUERY, &error), );
      break;
    case 2:
    case 3:
      ALLOW(StatementCancel(&one->statement, &error), ADBC_STATUS_INVALID_STATE, );
      break;
    case 4:
      ALLOW(ConnectionCancel(one->connection, &error), ADBC_STATUS_INVALID_STATE, );
      break;
    case 5:
      ALLOW(ConnectionCommit(one->connection, &error), ADBC_STATUS_INVALID_STATE, );
      break;
    case 6:
      if (ALLOW(StatementExecuteSchema(&one->statement, &schema, &error), ENDED) == ADBC_STATUS_OK)
        schema.release(&schema);
      break;
    case 7:
      brief_statement(one->connection);
      break;
    case 8:
    case 9:
      options(one, seed);
      break;
    default:
      execute(&one->statement);
  }
}

static void *work(void *number) {
  unsigned seed = (unsigned)(uintptr_t)number;
  while (running) {
    struct Shared *one = &shared[rand_r(&seed) % STATEMENTS];
    if (rand_r(&seed) % 32 == 0) {
      make_anew(one);
      continue;
    }
    pthread_rwlock_rdlock(&one->alive);
    one_call(one, &seed);
    pthread_rwlock_unlock(&one->alive);
  }
  return NULL;
}

static void start(const char *library, const char *uri) {
  struct AdbcError error = ADBC_ERROR_INIT;
  EXPECT(ADBC_STATUS_OK, load(library, "AdbcDriverInit")(ADBC_VERSION_1_1_0, &driver, &error));
  EXPECT(ADBC_STATUS_OK, driver.DatabaseNew(&database, &error));
  EXPECT(ADBC_STATUS_OK, driver.DatabaseSetOption(&database, "uri", uri, &error));
  EXPECT(ADBC_STATUS_OK, driver.DatabaseInit(&database, &error));
  for (int i = 0; i < CONNECTIONS; i++) {
    EXPECT(ADBC_STATUS_OK, driver.ConnectionNew(&connections[i], &error));
    EXPECT(ADBC_STATUS_OK, driver.ConnectionInit(&connections[i], &database, &error));
  }
  for (int i = 0; i < STATEMENTS; i++) {
    shared[i].connection = &connections[i % CONNECTIONS];
    CHECK(pthread_rwlock_init(&shared[i].alive, NULL) == 0);
    EXPECT(ADBC_STATUS_OK, driver.StatementNew(shared[i].connection, &shared[i].statement, &error));
    EXPECT(ADBC_STATUS_OK, driver.StatementSetSqlQuery(&shared[i].statement, QUERY, &error));
  }
}

static void end(void) {
  struct AdbcError error = ADBC_ERROR_INIT;
  for (int i = 0; i < STATEMENTS; i++) {
    struct ArrowArrayStream stream = {0};
    EXPECT(ADBC_STATUS_OK, driver.StatementExecuteQuery(&shared[i].statement, &stream, NULL, &error));
    CHECK(sum_of(&stream) == (int64_t)ROWS * (ROWS + 1) / 2);
    stream.release(&stream);
    EXPECT(ADBC_STATUS_OK, driver.StatementRelease(&shared[i].statement, &error));
  }
  for (int i = 0; i < CONNECTIONS; i++)
    EXPECT(ADBC_STATUS_OK, driver.ConnectionRelease(&connections[i], &error));
  EXPECT(ADBC_STATUS_OK, driver.DatabaseRelease(&database, &error));
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  start(arguments[1], arguments[2]);
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
  sleep(SECONDS);
  running = 0;
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  printf("%ld complete, %ld cancelled\n", complete, cancelled);
  CHECK(complete > 0 && cancelled > 0);
  end();
  return 0;
}
