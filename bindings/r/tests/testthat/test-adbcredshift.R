# Without a library there is nothing to load; without a URI, nothing to log in to.
driver_or_skip <- function() {
  tryCatch(adbcredshift(), error = function(failure) skip(paste("needs the driver library:", conditionMessage(failure))))
}

uri_or_skip <- function() {
  uri <- Sys.getenv("ADBC_REDSHIFT_TEST_URI")
  skip_if(uri == "", "needs ADBC_REDSHIFT_TEST_URI")
  uri
}

test_that("values become the texts that the driver takes", {
  given <- list(a = TRUE, b = FALSE, c = 100000, d = 5439L, e = "x", f = NULL)
  expect_identical(option_values(given), list(a = "true", b = "false", c = "100000", d = "5439", e = "x"))
  expect_identical(option_values(list()), list())
})

test_that("a value that is not one is refused by the option's name", {
  expect_error(option_values(list(username = c("a", "b"))), "'username' takes one value, not 2")
  expect_error(option_values(list(username = NA)), "'username' takes a value, not NA")
})

test_that("a path that does not exist is an error, not a search", {
  expect_error(adbcredshift("/nonexistent/driver.so"), "`library` does not exist: /nonexistent/driver.so")
  before <- Sys.getenv("ADBC_REDSHIFT_LIBRARY", NA)
  on.exit(if (is.na(before)) Sys.unsetenv("ADBC_REDSHIFT_LIBRARY") else Sys.setenv(ADBC_REDSHIFT_LIBRARY = before))
  Sys.setenv(ADBC_REDSHIFT_LIBRARY = "/nonexistent/driver.so")
  expect_error(adbcredshift(), "ADBC_REDSHIFT_LIBRARY does not exist")
})

test_that("adbcredshift() is a driver", {
  expect_s3_class(driver_or_skip(), c("adbcredshift_driver_redshift", "adbc_driver"))
})

test_that("the driver names the option that it does not know", {
  driver <- driver_or_skip()
  wrong <- function() adbcdrivermanager::adbc_database_init(driver, adbc.redshift.target.hots = "example.com")
  expect_error(wrong(), "target.host", fixed = TRUE)
})

test_that("a query's rows come back", {
  driver <- driver_or_skip()
  uri <- uri_or_skip()
  skip_if_not_installed("nanoarrow")

  db <- adbcdrivermanager::adbc_database_init(driver, uri = uri)
  expect_s3_class(db, "adbcredshift_database")
  con <- adbcdrivermanager::adbc_connection_init(db)
  expect_s3_class(con, "adbcredshift_connection")
  on.exit({
    adbcdrivermanager::adbc_connection_release(con)
    adbcdrivermanager::adbc_database_release(db)
  })
  stream <- adbcdrivermanager::read_adbc(con, "SELECT 1::bigint AS number, 'one' AS label")
  expect_identical(as.data.frame(stream), data.frame(number = 1, label = "one"))
})

test_that("a data frame can be written and read", {
  driver <- driver_or_skip()
  uri <- uri_or_skip()
  skip_if_not_installed("nanoarrow")

  db <- adbcdrivermanager::adbc_database_init(driver, uri = uri)
  con <- adbcdrivermanager::adbc_connection_init(db)
  on.exit({
    adbcdrivermanager::adbc_connection_release(con)
    adbcdrivermanager::adbc_database_release(db)
  })
  frame <- data.frame(x = c(1.5, 2.5))
  adbcdrivermanager::write_adbc(frame, con, "adbcredshift_frame", mode = "create", temporary = TRUE)
  stream <- adbcdrivermanager::read_adbc(con, "SELECT x FROM adbcredshift_frame ORDER BY x")
  expect_identical(as.data.frame(stream), frame)
})
