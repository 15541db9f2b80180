# SPDX-License-Identifier: Apache-2.0
"""Under a master of a stock Spark: it does not notice that our worker is restarted. That the worker
is killed it tells drivers at once; the executors that outlived that are ended, and others come."""

import shuffles
from daemons import WORKER, kill_nine, page, registered, restart, units, worker_knows
from jvm import Jvm
from shuffles import EXECUTORS, VERSIONS, unbothered
from tap import check, check_equal, finish, output, wait_for

PORT, UI_PORT = 7177, 8180
URL = f"spark://localhost:{PORT}"
DROP_IN = "/etc/spark/spark-worker.conf.d/jvm-master.conf"


def clean_restart(master, jobs, executors):
    known, told = worker_knows(), master.log()
    check(all(restart(WORKER) and registered() for _ in range(3)),
          "the worker is restarted three times")
    check_equal(worker_knows(), known, "it knows at once what it knew")
    unbothered(jobs, executors, "restarts of the worker")
    check_equal(master.log()[len(told):], "", f"{master.name} has not noticed it")


def crash(master, job, executors):
    kill_nine(WORKER)

    def others():
        running = set(units())
        return len(running) == EXECUTORS and not running & set(executors)

    check(wait_for(others, 60), "the worker is killed: other executors take the place of the old",
          units())
    check(registered(), "it has registered again")
    check("worker lost" in job.log(), "which the driver was told", job.log()[-2000:])
    check(wait_for(lambda: len((worker_knows() or {}).get("executors", [])) == EXECUTORS, 20),
          "the worker counts them only", worker_knows())
    check_equal(page(UI_PORT)["coresused"], EXECUTORS, "and so does the master")
    check(shuffles.go_on([job]), "the job goes on with them", job.log()[-2000:])


def under(version):
    master = Jvm("Master", version, UI_PORT, "--port", str(PORT))
    check(master.up(), f"{master.name} is up", master.log()[-2000:])
    restart(WORKER)
    check(wait_for(registered, 60), "the worker registers with it",
          output("systemctl", "status", WORKER))
    job, = shuffles.start("jvm-master", [version], master=URL,
                          **{"spark.task.maxFailures": "4"})
    executors = units()
    check_equal(len(executors), EXECUTORS, "it has its executors")
    clean_restart(master, [job], executors)
    shuffles.nothing_lost(job)
    crash(master, job, executors)
    job.go_on()
    shuffles.ends_well(job)
    check(wait_for(lambda: not units(), 60), "nothing is left of its executors", units())
    master.stop()


def main():
    output("systemctl", "stop", "spark-master.socket", "spark-master-webui.socket", "spark-master")
    with open(DROP_IN, "w", encoding="utf-8") as f:
        f.write(f"[worker]\nmaster = {URL}\n")
    for version in VERSIONS:
        under(version)
    finish()


main()
