# What tests/fuzz builds and checks.
