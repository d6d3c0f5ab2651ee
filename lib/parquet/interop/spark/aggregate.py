"""Aggregates Parquet files with Spark.

One request a line on standard input: {"file": path, "expressions": [SQL, ...]}; one answer a line:
the values as text, null as "null".
"""

import json
import os
import sys

# Spark's own words go to standard error; the answers alone to standard output.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.driver.memory", "4g")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")

for line in sys.stdin:
    request = json.loads(line)
    (row,) = spark.read.parquet(request["file"]).selectExpr(*request["expressions"]).collect()
    values = ["null" if value is None else str(value) for value in row]
    print(json.dumps(values), file=answers, flush=True)
