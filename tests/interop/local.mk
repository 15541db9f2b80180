# What tests/interop builds and checks.
