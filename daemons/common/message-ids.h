/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * MESSAGE_ID= of the journal entries that an administrator may look for or act upon:
 * `journalctl MESSAGE_ID=...` finds them, `journalctl -x` explains them from units/spark.catalog,
 * which has the same ids. An id is never changed or given to another event.
 */

/* The master's. */
#define MESSAGE_WORKER_REGISTERED "8d4300572cac43d0b61306b7abc38d42"
#define MESSAGE_WORKER_LOST       "f727600149ad4e94abbf5b0b0c3952b7"
#define MESSAGE_WORKER_REFUSED    "1479ab9fc2fd406d95893dc1b925de8b"
#define MESSAGE_APP_REGISTERED    "6ef080b73f724e7f922aa87b8ad3919a"
#define MESSAGE_APP_ENDED         "19cbb3df77e54be6af65582b1d7fbb5c"
#define MESSAGE_APP_INCOMPATIBLE  "25ac57f2a04c4f0f93e8a7b492ceeb4e"
#define MESSAGE_UNFIT             "647980b86392474993715e4986c0ca1c"
#define MESSAGE_RECOVERING        "c0000e5dd32b47a5b3b8cfe99ccc6487"
#define MESSAGE_NOT_DURABLE       "d7e120fa540141be8bc1413528bdafda"
#define MESSAGE_WORKER_AWAY       "bfa7a912c5f6420bb4ca777d47dc8ae1"
#define MESSAGE_DRIVER_ENDED      "5b6fff2dfebb4337826024ce0e6847b0"

/* The worker's. */
#define MESSAGE_MASTER_REGISTERED_WITH "67978c4dace146b687365bcc39b1aa43"
#define MESSAGE_MASTER_LOST            "e2670d12547c47a58f3c7cd373c25057"
#define MESSAGE_MASTER_REFUSED         "ca64a62c99444329acc429ffa2ca933f"
#define MESSAGE_EXECUTOR_ENDED         "b5e272d10c4b435ca9d79c5b3cdf3c78"
#define MESSAGE_EXECUTOR_OOM           "e5d1b9b87fe049058cf4585dc61a4c3c"

/* Of both. */
#define MESSAGE_CANNOT_START "301c8dbaafec459c967418cc914365e6"
