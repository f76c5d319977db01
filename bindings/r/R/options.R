# Turns R values into the texts that the driver takes, the same way under every version of adbcdrivermanager.

# The arguments of a method, but for the object it dispatches on, and what its `...` holds.
method_options <- function(frame, object, ...) {
  named <- as.list(frame, sorted = TRUE)
  option_values(c(named[names(named) != object], list(...)))
}

option_values <- function(options) {
  options <- options[!vapply(options, is.null, logical(1))]
  Map(option_value, options, if (is.null(names(options))) rep("", length(options)) else names(options))
}

option_value <- function(value, name) {
  # adbcdrivermanager has option lists of its own, and reads other classes by as.character().
  if (is.object(value)) {
    return(value)
  }
  if (length(value) != 1) {
    stop("option '", name, "' takes one value, not ", length(value), call. = FALSE)
  }
  if (is.na(value)) {
    stop("option '", name, "' takes a value, not NA", call. = FALSE)
  }
  if (is.logical(value)) {
    tolower(as.character(value))
  } else if (is.numeric(value)) {
    # as.character() writes 100000 as 1e+05.
    format(value, scientific = FALSE, trim = TRUE, digits = 15)
  } else {
    value
  }
}
