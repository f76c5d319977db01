// Runs a query and prints its rows; every handle releases itself, also when an exception passes.
//
//     query URI
//
// The same source serves both ways of linking: to the driver itself, whose library has all functions of adbc.h, and to
// an ADBC driver manager, which loads the driver by name.

#include <cstdint>
#include <iostream>
#include <stdexcept>
#include <string>

#include <arrow-adbc/adbc.h>

#include <adbc_driver_redshift.h>

#include "query.h"

namespace {

// An ADBC error; throws when the call that it was given to failed.
class Error {
 public:
  Error() = default;
  Error(const Error&) = delete;
  Error& operator=(const Error&) = delete;
  ~Error() {
    if (error_.release != nullptr) error_.release(&error_);
  }

  AdbcError* out() { return &error_; }

  void check(AdbcStatusCode status) const {
    if (status == ADBC_STATUS_OK) return;
    throw std::runtime_error(error_.message != nullptr ? error_.message : "no message");
  }

 private:
  AdbcError error_ = ADBC_ERROR_INIT;
};

// Calls an ADBC function with an error as its last argument.
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
  Error error;
  error.check(function(arguments..., error.out()));
}

// An ADBC object that is released at the end of its scope.
template <typename Object, AdbcStatusCode (*Release)(Object*, AdbcError*)>
class Handle {
 public:
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (object_.private_data != nullptr) Release(&object_, nullptr);
  }

  Object* get() { return &object_; }

 private:
  Object object_ = {};
};

using Database = Handle<AdbcDatabase, AdbcDatabaseRelease>;
using Connection = Handle<AdbcConnection, AdbcConnectionRelease>;
using Statement = Handle<AdbcStatement, AdbcStatementRelease>;

// A structure of the Arrow C interfaces, which carries its own release.
template <typename Structure>
struct Owned : Structure {
  Owned() : Structure{} {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (this->release != nullptr) this->release(this);
  }
};

// The next batch; false at the end.
bool next(ArrowArrayStream& stream, ArrowArray& batch) {
  if (stream.get_next(&stream, &batch) != 0) throw std::runtime_error(stream.get_last_error(&stream));
  return batch.release != nullptr;
}

// Prints a batch of the query's two columns, bigint and varchar. A NULL would need a look at buffers[0].
void print(const ArrowArray& batch) {
  const auto* numbers = static_cast<const std::int64_t*>(batch.children[0]->buffers[1]);
  const auto* offsets = static_cast<const std::int32_t*>(batch.children[1]->buffers[1]);
  const auto* labels = static_cast<const char*>(batch.children[1]->buffers[2]);
  for (std::int64_t row = 0; row < batch.length; row++) {
    std::cout << numbers[row] << "  " << std::string(labels + offsets[row], labels + offsets[row + 1]) << '\n';
  }
}

void run(const char* uri) {
  Database database;
  call(AdbcDatabaseNew, database.get());
  call(name_driver, database.get());
  call(AdbcDatabaseSetOption, database.get(), ADBC_OPTION_URI, uri);
  call(AdbcDatabaseSetOption, database.get(), ADBC_REDSHIFT_OPTION_SESSION_APPLICATION_NAME, "query.cpp");
  call(AdbcDatabaseInit, database.get());

  Connection connection;
  call(AdbcConnectionNew, connection.get());
  call(AdbcConnectionInit, connection.get(), database.get());

  Statement statement;
  call(AdbcStatementNew, connection.get(), statement.get());
  call(AdbcStatementSetSqlQuery, statement.get(), QUERY);
  Owned<ArrowArrayStream> stream;
  call(AdbcStatementExecuteQuery, statement.get(), &stream, nullptr);
  for (;;) {
    Owned<ArrowArray> batch;
    if (!next(stream, batch)) return;
    print(batch);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: " << arguments[0] << " redshift://user:password@host:5439/database\n";
    return 2;
  }
  try {
    run(arguments[1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
