"""Where the projection lands: tables, migrations, the client, and the HTTP interface over a chDB directory."""
