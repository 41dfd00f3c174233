"""Rules that turn observations into verdicts and findings; plain functions, without a kernel."""
