# What cgroups builds and checks.
