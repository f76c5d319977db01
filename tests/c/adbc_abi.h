/* The part of the ADBC 1.1.0 and Arrow C ABI that these tests use, declared by layout alone.
 *
 * The real <arrow-adbc/adbc.h> is packaged by few systems, and a test must not need the network. tests/c_abi.rs passes
 * the sizes of the Rust definitions, so a slip in either place does not compile. */

#ifndef ADBC_ABI_H
#define ADBC_ABI_H

#include <stddef.h>
#include <stdint.h>

#define ADBC_VERSION_1_0_0 1000000
#define ADBC_VERSION_1_1_0 1001000

enum {
  ADBC_STATUS_OK = 0,
  ADBC_STATUS_UNKNOWN = 1,
  ADBC_STATUS_NOT_IMPLEMENTED = 2,
  ADBC_STATUS_NOT_FOUND = 3,
  ADBC_STATUS_INVALID_ARGUMENT = 5,
  ADBC_STATUS_INVALID_STATE = 6,
  ADBC_STATUS_INVALID_DATA = 7,
  ADBC_STATUS_INTERNAL = 9,
  ADBC_STATUS_IO = 10,
  ADBC_STATUS_CANCELLED = 11,
};

typedef uint8_t AdbcStatusCode;

struct ArrowSchema {
  const char *format, *name, *metadata;
  int64_t flags, n_children;
  struct ArrowSchema **children, *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length, null_count, offset, n_buffers, n_children;
  const void **buffers;
  struct ArrowArray **children, *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
  int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
  const char *(*get_last_error)(struct ArrowArrayStream *);
  void (*release)(struct ArrowArrayStream *);
  void *private_data;
};

struct AdbcDriver;

struct AdbcError {
  char *message;
  int32_t vendor_code;
  char sqlstate[5];
  void (*release)(struct AdbcError *);
  void *private_data;                 /* 1.1.0, and only under the mark in vendor_code */
  struct AdbcDriver *private_driver;  /* likewise */
};

#define ADBC_ERROR_MARK INT32_MIN
#define ADBC_ERROR_INIT {NULL, ADBC_ERROR_MARK, {0, 0, 0, 0, 0}, NULL, NULL, NULL}

struct AdbcErrorDetail {
  const char *key;
  const uint8_t *value;
  size_t value_length;
};

#define HANDLE(name) \
  struct name {      \
    void *private_data; \
    struct AdbcDriver *private_driver; \
  }

HANDLE(AdbcDatabase);
HANDLE(AdbcConnection);
HANDLE(AdbcStatement);

struct AdbcPartitions {
  size_t num_partitions;
  const uint8_t **partitions;
  const size_t *partition_lengths;
  void *private_data;
  void (*release)(struct AdbcPartitions *);
};

/* Parameter lists, written once for the table and for the plain functions; `error` follows each. */
#define DB struct AdbcDatabase *
#define CN struct AdbcConnection *
#define ST struct AdbcStatement *
#define OUT struct ArrowArrayStream *
#define TEXT const char *

#define FUNCTIONS_1_0_0(F)                                                                         \
  F(DatabaseInit, (DB, struct AdbcError *))                                                        \
  F(DatabaseNew, (DB, struct AdbcError *))                                                         \
  F(DatabaseSetOption, (DB, TEXT, TEXT, struct AdbcError *))                                       \
  F(DatabaseRelease, (DB, struct AdbcError *))                                                     \
  F(ConnectionCommit, (CN, struct AdbcError *))                                                    \
  F(ConnectionGetInfo, (CN, const uint32_t *, size_t, OUT, struct AdbcError *))                    \
  F(ConnectionGetObjects,                                                                          \
    (CN, int, TEXT, TEXT, TEXT, const char **, TEXT, OUT, struct AdbcError *))                     \
  F(ConnectionGetTableSchema, (CN, TEXT, TEXT, TEXT, struct ArrowSchema *, struct AdbcError *))    \
  F(ConnectionGetTableTypes, (CN, OUT, struct AdbcError *))                                        \
  F(ConnectionInit, (CN, DB, struct AdbcError *))                                                  \
  F(ConnectionNew, (CN, struct AdbcError *))                                                       \
  F(ConnectionSetOption, (CN, TEXT, TEXT, struct AdbcError *))                                     \
  F(ConnectionReadPartition, (CN, const uint8_t *, size_t, OUT, struct AdbcError *))               \
  F(ConnectionRelease, (CN, struct AdbcError *))                                                   \
  F(ConnectionRollback, (CN, struct AdbcError *))                                                  \
  F(StatementBind, (ST, struct ArrowArray *, struct ArrowSchema *, struct AdbcError *))            \
  F(StatementBindStream, (ST, OUT, struct AdbcError *))                                            \
  F(StatementExecuteQuery, (ST, OUT, int64_t *, struct AdbcError *))                               \
  F(StatementExecutePartitions,                                                                    \
    (ST, struct ArrowSchema *, struct AdbcPartitions *, int64_t *, struct AdbcError *))            \
  F(StatementGetParameterSchema, (ST, struct ArrowSchema *, struct AdbcError *))                   \
  F(StatementNew, (CN, ST, struct AdbcError *))                                                    \
  F(StatementPrepare, (ST, struct AdbcError *))                                                    \
  F(StatementRelease, (ST, struct AdbcError *))                                                    \
  F(StatementSetOption, (ST, TEXT, TEXT, struct AdbcError *))                                      \
  F(StatementSetSqlQuery, (ST, TEXT, struct AdbcError *))                                          \
  F(StatementSetSubstraitPlan, (ST, const uint8_t *, size_t, struct AdbcError *))

#define GETTERS(F, Object, HANDLE_TYPE)                                                            \
  F(Object##GetOption, (HANDLE_TYPE, TEXT, char *, size_t *, struct AdbcError *))                  \
  F(Object##GetOptionBytes, (HANDLE_TYPE, TEXT, uint8_t *, size_t *, struct AdbcError *))          \
  F(Object##GetOptionDouble, (HANDLE_TYPE, TEXT, double *, struct AdbcError *))                    \
  F(Object##GetOptionInt, (HANDLE_TYPE, TEXT, int64_t *, struct AdbcError *))

#define SETTERS(F, Object, HANDLE_TYPE)                                                            \
  F(Object##SetOptionBytes, (HANDLE_TYPE, TEXT, const uint8_t *, size_t, struct AdbcError *))      \
  F(Object##SetOptionDouble, (HANDLE_TYPE, TEXT, double, struct AdbcError *))                      \
  F(Object##SetOptionInt, (HANDLE_TYPE, TEXT, int64_t, struct AdbcError *))

#define FUNCTIONS_1_1_0(F)                                                                         \
  GETTERS(F, Database, DB)                                                                         \
  SETTERS(F, Database, DB)                                                                         \
  F(ConnectionCancel, (CN, struct AdbcError *))                                                    \
  GETTERS(F, Connection, CN)                                                                       \
  F(ConnectionGetStatistics, (CN, TEXT, TEXT, TEXT, char, OUT, struct AdbcError *))                \
  F(ConnectionGetStatisticNames, (CN, OUT, struct AdbcError *))                                    \
  SETTERS(F, Connection, CN)                                                                       \
  F(StatementCancel, (ST, struct AdbcError *))                                                     \
  F(StatementExecuteSchema, (ST, struct ArrowSchema *, struct AdbcError *))                        \
  GETTERS(F, Statement, ST)                                                                        \
  SETTERS(F, Statement, ST)

struct AdbcDriver {
  void *private_data, *private_manager;
  AdbcStatusCode (*release)(struct AdbcDriver *, struct AdbcError *);
#define SLOT(name, parameters) AdbcStatusCode(*name) parameters;
  FUNCTIONS_1_0_0(SLOT)
  int (*ErrorGetDetailCount)(const struct AdbcError *);
  struct AdbcErrorDetail (*ErrorGetDetail)(const struct AdbcError *, int);
  const struct AdbcError *(*ErrorFromArrayStream)(struct ArrowArrayStream *, AdbcStatusCode *);
  FUNCTIONS_1_1_0(SLOT)
#undef SLOT
};

#define PROTOTYPE(name, parameters) AdbcStatusCode Adbc##name parameters;
FUNCTIONS_1_0_0(PROTOTYPE)
FUNCTIONS_1_1_0(PROTOTYPE)
#undef PROTOTYPE
int AdbcErrorGetDetailCount(const struct AdbcError *);
struct AdbcErrorDetail AdbcErrorGetDetail(const struct AdbcError *, int);
const struct AdbcError *AdbcErrorFromArrayStream(struct ArrowArrayStream *, AdbcStatusCode *);

_Static_assert(sizeof(struct AdbcDriver) == RUST_DRIVER_SIZE, "table");
_Static_assert(offsetof(struct AdbcDriver, ErrorGetDetailCount) == RUST_DRIVER_1_0_0_SIZE, "1.0.0 table");
_Static_assert(sizeof(struct AdbcError) == RUST_ERROR_SIZE, "error");
_Static_assert(offsetof(struct AdbcError, private_data) == RUST_ERROR_1_0_0_SIZE, "1.0.0 error");
_Static_assert(sizeof(struct ArrowArrayStream) == RUST_STREAM_SIZE, "stream");
_Static_assert(sizeof(struct AdbcPartitions) == RUST_PARTITIONS_SIZE, "partitions");

#endif
