"""What goes over HTTP as JSON, a record for each thing; server, client and OpenAPI use the same."""
