# What daemons/ctl builds and checks.
