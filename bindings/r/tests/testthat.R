library(testthat)
library(adbcredshift)

test_check("adbcredshift")
