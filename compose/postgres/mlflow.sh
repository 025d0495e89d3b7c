#!/usr/bin/env bash
# Run once by PostgreSQL's image, when its volume is empty: MLflow gets a database of its own.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v password="$MLFLOW_DB_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE mlflow LOGIN PASSWORD :'password';
CREATE DATABASE mlflow OWNER mlflow;
SQL
