"""`nbrerun mcp`: answers for agents over the Model Context Protocol, all of them from `nbrerun.check`."""
