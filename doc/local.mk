# What doc builds and checks.
