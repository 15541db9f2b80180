# What tests/lint builds and checks.
