// SPDX-License-Identifier: Apache-2.0

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** A cluster-mode driver: `sum`, or `fail DIR`, which fails twice and then runs for ever. */
public class ClusterDriver {
    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "sum":
                sum();
                break;
            case "fail":
                if (run(Path.of(arguments[1])) < 3) {
                    System.exit(3);
                }
                Thread.sleep(Long.MAX_VALUE);
                break;
            default:
                System.exit(64);
        }
    }

    private static void sum() {
        try (JavaSparkContext context = new JavaSparkContext(new SparkConf())) {
            int total = context.parallelize(Arrays.asList(1, 2, 3, 4), 2).reduce(Integer::sum);
            System.out.println("total " + total + " by " + context.version());
        }
    }

    /** Leaves a file for this run, and returns its number. */
    private static int run(Path directory) throws Exception {
        int number = 1;
        while (Files.exists(directory.resolve("run" + number))) {
            number++;
        }
        Files.createFile(directory.resolve("run" + number));
        return number;
    }
}
