# What tests/unit builds and checks.
