# What tests/bench builds and checks.
