"""SQL that keeps a connection busy."""

#: Sends nothing for minutes, and needs no memory or disk meanwhile.
ENDLESS = "SELECT count(*) FROM (SELECT generate_series(1, 1000000000000)) AS endless"

#: Sends one batch of rows, then nothing for minutes.
STALLS = """
    SELECT n, CASE WHEN n > 100000 THEN (SELECT count(*) FROM (SELECT generate_series(1, 1000000000000)) AS endless)
              END AS stalled
    FROM (SELECT generate_series(1, 100001) AS n) AS numbers
"""
