# Finds the driver library. Loading it is adbcdrivermanager's part.

ENTRYPOINT <- "AdbcDriverRedshiftInit"
MANIFEST <- "redshift"

# The one path to load, or NULL where only the driver manager and the system's loader can know.
library_path <- function(library = NULL) {
  given <- if (is.null(library)) Sys.getenv("ADBC_REDSHIFT_LIBRARY") else path.expand(library)
  if (nzchar(given)) {
    if (!file.exists(given)) {
      from <- if (is.null(library)) "ADBC_REDSHIFT_LIBRARY" else "`library`"
      stop("the Amazon Redshift driver library of ", from, " does not exist: ", given, call. = FALSE)
    }
    return(normalizePath(given))
  }
  packed <- system.file("lib", library_name(), package = "adbcredshift")
  if (nzchar(packed)) packed
}

library_name <- function() {
  if (.Platform$OS.type == "windows") {
    "adbc_driver_redshift.dll"
  } else if (identical(Sys.info()[["sysname"]], "Darwin")) {
    "libadbc_driver_redshift.dylib"
  } else {
    "libadbc_driver_redshift.so"
  }
}

open_driver <- function(name) {
  adbcdrivermanager::adbc_driver(name, ENTRYPOINT, subclass = "adbcredshift_driver_redshift")
}

# By manifest, then by the system's loader.
open_installed_driver <- function() {
  failures <- character()
  for (name in c(MANIFEST, library_name())) {
    driver <- tryCatch(open_driver(name), error = identity)
    if (!inherits(driver, "error")) {
      return(driver)
    }
    failures <- c(failures, paste0("  ", name, ": ", conditionMessage(driver)))
  }
  stop(
    "the Amazon Redshift driver library was not found. Install it with `make install`, or set ",
    "ADBC_REDSHIFT_LIBRARY to the path of ", library_name(), ".\n", paste(failures, collapse = "\n"),
    call. = FALSE
  )
}
