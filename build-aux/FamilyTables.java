/* SPDX-License-Identifier: Apache-2.0 */
import java.io.BufferedReader;
import java.io.Externalizable;
import java.io.InputStreamReader;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.io.ObjectStreamField;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;

/**
 * Says how Java serialization describes classes. Names come on standard input, one a line; for each
 * that the class path has, standard output gets
 *
 *     class NAME UID FLAGS SUPER          (SUPER: nearest serializable superclass, or -)
 *     field TYPE NAME                     (TYPE: I, J, Z ... or the signature of a reference)
 *
 * with the fields in stream order. The superclasses of a class follow it. A helper of family-tables.
 */
public final class FamilyTables {
    private static final int WRITE_METHOD = 1, SERIALIZABLE = 2, EXTERNALIZABLE = 4, BLOCK_DATA = 8, ENUM = 16;

    private static boolean hasWriteObject(Class<?> c) {
        try {
            Method m = c.getDeclaredMethod("writeObject", ObjectOutputStream.class);
            return Modifier.isPrivate(m.getModifiers()) && !Modifier.isStatic(m.getModifiers())
                    && m.getReturnType() == void.class;
        } catch (NoSuchMethodException e) {
            return false;
        }
    }

    private static int flags(Class<?> c) {
        if (c.isEnum() || c == Enum.class)
            return SERIALIZABLE | ENUM;
        if (Externalizable.class.isAssignableFrom(c))
            return EXTERNALIZABLE | BLOCK_DATA;
        return SERIALIZABLE | (hasWriteObject(c) ? WRITE_METHOD : 0);
    }

    private static void describe(Class<?> c) {
        ObjectStreamClass d = ObjectStreamClass.lookup(c);
        if (d == null)
            return;
        Class<?> up = c.getSuperclass();
        boolean hasSuper = up != null && ObjectStreamClass.lookup(up) != null;
        System.out.println("class " + c.getName() + " " + d.getSerialVersionUID() + " " + flags(c) + " "
                + (hasSuper ? up.getName() : "-"));
        for (ObjectStreamField f : d.getFields())
            System.out.println("field " + (f.isPrimitive() ? "" + f.getTypeCode() : f.getTypeString()) + " "
                    + f.getName());
        if (hasSuper)
            describe(up);
    }

    public static void main(String[] args) throws Exception {
        ClassLoader loader = FamilyTables.class.getClassLoader();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String name = in.readLine(); name != null; name = in.readLine()) {
            Class<?> c;
            try {
                c = Class.forName(name, false, loader);
            } catch (ClassNotFoundException e) {
                continue; /* not in this version */
            }
            describe(c);
        }
    }
}
