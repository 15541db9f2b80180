/* SPDX-License-Identifier: Apache-2.0 */
import java.io.FileOutputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes collections of strings as a JVM serializes them, for tests/data/collections: java -cp
 * 'JARS/*' WriteCollections.java DIRECTORY, with the jars of a Spark release. A file is called
 * seq-COUNT-FORM or map-COUNT-FORM; elements are "e0", "e1" ..., entries "k0" -> "v0" ...
 */
public final class WriteCollections {
    private static Path directory;

    private static Object call(Object o, String name, Object... arguments) throws Exception {
        for (Method m : o.getClass().getMethods()) {
            if (!m.getName().equals(name) || m.getParameterCount() != arguments.length)
                continue;
            try {
                return m.invoke(o, arguments);
            } catch (IllegalArgumentException e) {
                continue; /* an overloading for something else */
            }
        }
        throw new NoSuchMethodException(name + " in " + o.getClass());
    }

    private static Object companion(String name) throws Exception {
        return Class.forName(name + "$").getField("MODULE$").get(null);
    }

    private static Object fresh(String name) throws Exception {
        return Class.forName(name).getConstructor().newInstance();
    }

    private static void write(String kind, int n, String form, Object o) throws Exception {
        Path path = directory.resolve(kind + "-" + n + "-" + form);
        try (ObjectOutputStream out = new ObjectOutputStream(new FileOutputStream(path.toFile()))) {
            out.writeObject(o);
        }
    }

    /* A vector that has been cut at the front and grown at the back, so that nothing is aligned. */
    private static Object moved(Object vector, boolean scala212, int n) throws Exception {
        for (int i = 0; i < 5; i++)
            vector = call(vector, "drop", 1);
        for (int i = 0; i < 5; i++)
            vector = call(vector, scala212 ? "appendBack" : "appended", "e" + (n + i));
        return vector;
    }

    private static Object asScala(List<Object> list, boolean scala212) throws Exception {
        if (scala212)
            return call(companion("scala.collection.JavaConverters"), "asScalaBuffer", list);
        return call(call(companion("scala.jdk.CollectionConverters"), "ListHasAsScala", list), "asScala");
    }

    private static void writeSequences(int n, boolean scala212) throws Exception {
        Object[] array = new Object[n];
        for (int i = 0; i < n; i++)
            array[i] = "e" + i;
        List<Object> list = new ArrayList<>(Arrays.asList(array));
        Object wrapped = call(companion("scala.Predef"), "wrapRefArray", (Object) array);
        write("seq", n, "wrapped", wrapped);
        write("seq", n, "list", call(wrapped, "toList"));
        write("seq", n, "vector", call(wrapped, "toVector"));
        write("seq", n, "buffer", call(wrapped, "toBuffer"));
        write("seq", n, "java-as-scala", asScala(list, scala212));
        write("seq", n, "java-array-list", list);
        write("seq", n, "java-linked-list", new LinkedList<>(list));
        write("seq", n, "java-as-list", Arrays.asList(array));
        write("seq", n, "java-list-of", List.of(array));
        write("seq", n, "java-unmodifiable", Collections.unmodifiableList(list));
        if (n >= 5)
            write("seq", n, "vector-moved", moved(call(wrapped, "toVector"), scala212, n));
    }

    private static void writeMaps(int n) throws Exception {
        Object empty = call(companion("scala.collection.immutable.Map"), "empty"), immutable = empty;
        Object hash = fresh("scala.collection.mutable.HashMap");
        Object linked = fresh("scala.collection.mutable.LinkedHashMap");
        Map<Object, Object> java = new HashMap<>();
        for (int i = 0; i < n; i++) {
            immutable = call(immutable, "updated", "k" + i, "v" + i);
            call(hash, "put", "k" + i, "v" + i);
            call(linked, "put", "k" + i, "v" + i);
            java.put("k" + i, "v" + i);
        }
        write("map", n, "immutable", immutable);
        if (n == 1 || n == 2 || n == 4)
            return; /* only the immutable ones have forms of their own for these */
        write("map", n, "mutable-hash", hash);
        write("map", n, "mutable-linked", linked);
        write("map", n, "with-default", call(immutable, "withDefaultValue", "none"));
        write("map", n, "java-hash", java);
        write("map", n, "java-linked", new LinkedHashMap<>(java));
        write("map", n, "java-tree", new TreeMap<>(java));
        write("map", n, "java-unmodifiable", Collections.unmodifiableMap(java));
    }

    public static void main(String[] args) throws Exception {
        directory = Files.createDirectories(Path.of(args[0]));
        String version = (String) call(companion("scala.util.Properties"), "versionNumberString");
        for (int n : new int[] {0, 3, 40})
            writeSequences(n, version.startsWith("2.12"));
        for (int n : new int[] {0, 1, 2, 3, 4, 5, 40})
            writeMaps(n);
    }
}
