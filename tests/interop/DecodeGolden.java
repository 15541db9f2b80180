/* SPDX-License-Identifier: Apache-2.0 */
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.FileInputStream;
import java.io.ObjectInputStream;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamField;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a golden file (tests/unit/messages.h) with Spark's own classes: every stream must become an
 * object that is, as text, what the file says. Run by decode-golden.
 */
public final class DecodeGolden {
    private static Object call(Object o, String method) throws Exception {
        return Class.forName("scala.collection.Iterator").getMethod(method).invoke(o);
    }

    private static List<Object> elements(Object collection) throws Exception {
        List<Object> all = new ArrayList<>();
        Object i = collection.getClass().getMethod("iterator").invoke(collection);
        while ((Boolean) call(i, "hasNext"))
            all.add(call(i, "next"));
        return all;
    }

    private static Object get(Class<?> c, Object o, String field) throws Exception {
        Field f = c.getDeclaredField(field);
        f.setAccessible(true);
        return f.get(o);
    }

    private static boolean is(Object o, String className) throws Exception {
        return Class.forName(className).isInstance(o);
    }

    private static String simpleName(Class<?> c) {
        return c.getName().substring(c.getName().lastIndexOf('.') + 1);
    }

    private static String joined(String open, List<String> parts, boolean sort, String close) {
        if (sort)
            parts.sort(null);
        return open + String.join(", ", parts) + close;
    }

    /* The value of an Enumeration must be the constant itself, not a copy. */
    private static String enumerationText(Object o) throws Exception {
        Object id = o.getClass().getMethod("id").invoke(o);
        Object outer = get(Class.forName("scala.Enumeration$Value"), o, "$outer");
        Object constant = outer.getClass().getMethod("apply", int.class).invoke(outer, id);
        if (constant != o)
            throw new Exception("a copy of " + o);
        return simpleName(outer.getClass()) + "#" + id;
    }

    private static String refText(Object o) throws Exception {
        Object timeout = get(Class.forName("org.apache.spark.rpc.RpcEndpointRef"), o, "defaultAskTimeout");
        Object address = get(o.getClass(), o, "endpointAddress");
        Object rpcAddress = get(address.getClass(), address, "rpcAddress");
        Object name = get(address.getClass(), address, "name");
        String expected = rpcAddress == null ? "spark-client://" + name : "spark://" + name + "@" + text(rpcAddress);
        if (!address.toString().equals(expected))
            throw new Exception("the reference calls itself " + address);
        if (!timeout.getClass().getMethod("duration").invoke(timeout).toString().equals("120 seconds"))
            throw new Exception("another timeout in the reference");
        return name + "@" + text(rpcAddress);
    }

    private static String fieldsText(Object o) throws Exception {
        List<String> parts = new ArrayList<>();
        for (Class<?> c = o.getClass(); c != null; c = c.getSuperclass()) {
            ObjectStreamClass d = ObjectStreamClass.lookup(c);
            if (d == null)
                break;
            for (ObjectStreamField f : d.getFields())
                parts.add(f.getName() + "=" + text(get(c, o, f.getName())));
        }
        return joined(simpleName(o.getClass()) + "{", parts, true, "}");
    }

    private static String text(Object o) throws Exception {
        if (o == null)
            return "null";
        if (o instanceof String || o instanceof java.net.URI)
            return "\"" + o + "\"";
        if (o instanceof Number || o instanceof Boolean)
            return o.toString();
        if (o instanceof Throwable)
            return simpleName(o.getClass()) + " " + text(((Throwable) o).getMessage());
        if (o.getClass().getName().endsWith("$") && get(o.getClass(), null, "MODULE$") != o)
            throw new Exception("a second " + o.getClass().getName());
        if (is(o, "scala.None$"))
            return "None";
        if (is(o, "scala.Some"))
            return "Some(" + text(get(o.getClass(), o, "value")) + ")";
        if (is(o, "scala.Enumeration$Value"))
            return enumerationText(o);
        if (is(o, "org.apache.spark.rpc.RpcEndpointRef"))
            return refText(o);
        if (is(o, "org.apache.spark.rpc.RpcAddress"))
            return get(o.getClass(), o, "host") + ":" + get(o.getClass(), o, "port");
        List<String> parts = new ArrayList<>();
        if (is(o, "scala.collection.Map")) {
            for (Object e : elements(o))
                parts.add(text(get(Class.forName("scala.Tuple2"), e, "_1")) + ": "
                        + text(get(Class.forName("scala.Tuple2"), e, "_2")));
            return joined("{", parts, true, "}");
        }
        if (is(o, "scala.collection.Seq") || o instanceof Object[]) {
            for (Object e : o instanceof Object[] ? List.of((Object[]) o) : elements(o))
                parts.add(text(e));
            return joined("[", parts, false, "]");
        }
        return fieldsText(o);
    }

    private static String messageText(Object o) throws Exception {
        if (o instanceof Boolean || o instanceof Integer)
            return simpleName(o.getClass()) + "{value=" + o + "}";
        if (o.getClass().getName().endsWith("$") && get(o.getClass(), null, "MODULE$") == o)
            return simpleName(o.getClass()) + "{}";
        return fieldsText(o);
    }

    private static byte[] part(DataInputStream in) throws Exception {
        return in.readNBytes(in.readInt());
    }

    public static void main(String[] args) throws Exception {
        int good = 0, bad = 0;
        try (DataInputStream in = new DataInputStream(new FileInputStream(args[0]))) {
            while (in.available() > 0) {
                String expected = new String(part(in), StandardCharsets.UTF_8);
                byte[] stream = part(in);
                String found;
                try {
                    found = messageText(new ObjectInputStream(new ByteArrayInputStream(stream)).readObject());
                } catch (Exception e) {
                    found = e.toString();
                }
                if (found.equals(expected)) {
                    good++;
                } else {
                    bad++;
                    System.out.println("expected " + expected + "\n   found " + found);
                }
            }
        }
        System.out.println(good + " right, " + bad + " wrong");
        System.exit(bad == 0 && good > 0 ? 0 : 1);
    }
}
