"""Log records that the collector makes itself, of lines in files and of syslog, and sends on as OTLP."""
