# The generics and constructors that adbcredshift uses, with the signatures of adbcdrivermanager. CRAN cannot be
# reached everywhere that the tests run, and the driver manager below is the real one.

adbc_driver <- function(x, entrypoint = NULL, ..., subclass = character()) {
  .Call("manager_load", x, entrypoint)
  driver <- list2env(list(name = x, entrypoint = entrypoint))
  class(driver) <- c(subclass, "adbc_driver")
  driver
}

adbc_database_init <- function(driver, ...) UseMethod("adbc_database_init")
adbc_connection_init <- function(database, ...) UseMethod("adbc_connection_init")
adbc_statement_init <- function(connection, ...) UseMethod("adbc_statement_init")

adbc_database_init_default <- function(driver, options = NULL, subclass = character()) {
  options <- c(list(driver = driver$name, entrypoint = driver$entrypoint), options)
  made(.Call("manager_database", names(options), texts(options)), c(subclass, "adbc_database"))
}

adbc_connection_init_default <- function(database, options = NULL, subclass = character()) {
  made(.Call("manager_connection", database, names(options), texts(options)), c(subclass, "adbc_connection"))
}

adbc_statement_init_default <- function(connection, options = NULL, subclass = character()) {
  made(.Call("manager_statement", connection, names(options), texts(options)), c(subclass, "adbc_statement"))
}

# Not of adbcdrivermanager, whose results are nanoarrow's: what a query gives, counted.
count_rows <- function(statement, query) .Call("manager_count_rows", statement, query)

# Statement, connection and database, in this order.
release <- function(statement, connection, database) {
  invisible(.Call("manager_release", statement, connection, database))
}

made <- function(pointer, class) structure(pointer, class = class)
texts <- function(options) vapply(options, as.character, character(1))
