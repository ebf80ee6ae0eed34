package dev.eva.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What C2 needs to turn a method with vectors into instructions, read from the bytecode: a size that it compiles,
 * species that are constants, and no vector in an object.
 */
class HotMethodsTest {
    /** HotSpot's HugeMethodLimit: a larger method is never compiled. */
    private static final int HUGE = 8000;
    /** HotSpot's FreqInlineSize: a larger method is never inlined, and a vector that passes its call is allocated. */
    private static final int INLINED = 325;

    private static final String VECTOR_API = "jdk.incubator.vector.";
    private static final Set<String> SPECIES = Set.of(VECTOR_API + "VectorSpecies");
    private static final List<String> PACKAGES =
            List.of("tensor/target/classes/dev/eva/tensor/kernel/vector", "fp8/target/classes/dev/eva/fp8/vector");

    @Test
    void methodsWithVectorsAreSmallEnoughToBeCompiled() throws IOException {
        List<String> broken = new ArrayList<>();
        int loops = 0;
        for (ClassModel c : classes()) {
            for (MethodModel m : c.methods()) {
                if (usesVectors(m) && hasLoop(m)) {
                    loops++;
                    if (size(m) >= HUGE) {
                        broken.add(name(c, m) + ": " + size(m) + " bytes; HotSpot compiles less than " + HUGE);
                    }
                }
            }
        }
        assertThat(loops).as("loops over vectors").isGreaterThan(50);
        assertThat(broken).isEmpty();
    }

    @Test
    void methodsThatVectorsPassAreInlined() throws IOException {
        List<String> broken = new ArrayList<>();
        for (ClassModel c : classes()) {
            for (MethodModel m : c.methods()) {
                if (passesVectors(m) && (size(m) > INLINED || !isFinal(c, m))) {
                    broken.add(name(c, m) + ": " + size(m) + " bytes; a method with vectors in its signature has to be"
                            + " static, private or of a final class, and of at most " + INLINED);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void speciesAreConstants() throws IOException {
        List<String> broken = new ArrayList<>();
        for (ClassModel c : classes()) {
            c.fields().stream()
                    .filter(f -> isSpecies(f.fieldTypeSymbol()))
                    .filter(f -> !f.flags().has(AccessFlag.STATIC) || !f.flags().has(AccessFlag.FINAL))
                    .forEach(f -> broken.add(className(c) + "." + f.fieldName() + ": a species, not static final"));
            c.fields().stream()
                    .filter(f -> isVector(f.fieldTypeSymbol()) && !f.flags().has(AccessFlag.STATIC))
                    .forEach(f -> broken.add(className(c) + "." + f.fieldName() + ": a vector in an object"));
            for (MethodModel m : c.methods()) {
                if (m.methodTypeSymbol().parameterList().stream().anyMatch(HotMethodsTest::isSpecies)) {
                    broken.add(name(c, m) + ": a species as parameter");
                }
                if (hasLoop(m) && asksForSpecies(m)) {
                    broken.add(name(c, m) + ": a species made in a method with a loop");
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    /**
     * C2 counts failed checks of a vector's class in the methods that all vectors share. Those of a second species of
     * floats add up in tiles with many vectors, until it compiles calls in place of instructions: a process in four
     * kept its sums in objects and ran at a third of its speed.
     */
    @Test
    void floatsHaveOneSpecies() throws IOException {
        List<String> broken = new ArrayList<>();
        for (ClassModel c : classes()) {
            for (MethodModel m : c.methods()) {
                fields(m)
                        .filter(f -> f.owner().asInternalName().equals(VECTOR_API.replace('.', '/') + "FloatVector"))
                        .map(f -> f.name().stringValue())
                        .filter(f -> f.startsWith("SPECIES_") && !f.equals("SPECIES_PREFERRED"))
                        .forEach(f -> broken.add(name(c, m) + ": " + f + "; floats have SPECIES_PREFERRED everywhere"));
            }
        }
        assertThat(broken).isEmpty();
    }

    private static Stream<FieldInstruction> fields(MethodModel m) {
        return m.code().stream()
                .flatMap(CodeModel::elementStream)
                .filter(FieldInstruction.class::isInstance)
                .map(FieldInstruction.class::cast);
    }

    private static List<ClassModel> classes() throws IOException {
        List<ClassModel> classes = new ArrayList<>();
        for (String folder : PACKAGES) {
            try (Stream<Path> files = Files.list(Path.of(System.getProperty("eva.root"), folder))) {
                for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                    classes.add(ClassFile.of().parse(file));
                }
            }
        }
        return classes;
    }

    private static int size(MethodModel m) {
        return m.code().map(HotMethodsTest::size).orElse(0);
    }

    private static int size(CodeModel code) {
        return code.elementStream()
                .filter(Instruction.class::isInstance)
                .mapToInt(i -> ((Instruction) i).sizeInBytes())
                .sum();
    }

    private static boolean usesVectors(MethodModel m) {
        return calls(m).anyMatch(i -> i.owner().asInternalName().startsWith(VECTOR_API.replace('.', '/')));
    }

    /** Whether some code asks for a species by a call, or reads one of the Vector API's own fields. */
    private static boolean asksForSpecies(MethodModel m) {
        boolean called = calls(m).anyMatch(i -> isSpecies(i.typeSymbol().returnType()));
        return called
                || fields(m)
                        .anyMatch(f -> isSpecies(f.typeSymbol())
                                && f.owner().asInternalName().startsWith("jdk/"));
    }

    private static Stream<InvokeInstruction> calls(MethodModel m) {
        return m.code().stream()
                .flatMap(CodeModel::elementStream)
                .filter(InvokeInstruction.class::isInstance)
                .map(InvokeInstruction.class::cast);
    }

    /** A branch to a place before it. */
    private static boolean hasLoop(MethodModel m) {
        Set<Object> passed = new HashSet<>();
        return m.code().stream().flatMap(CodeModel::elementStream).anyMatch(e -> {
            if (e instanceof LabelTarget target) {
                passed.add(target.label());
            }
            return e instanceof BranchInstruction branch && passed.contains(branch.target());
        });
    }

    private static boolean passesVectors(MethodModel m) {
        MethodTypeDesc type = m.methodTypeSymbol();
        return isVector(type.returnType()) || type.parameterList().stream().anyMatch(HotMethodsTest::isVector);
    }

    private static boolean isFinal(ClassModel c, MethodModel m) {
        return m.flags().has(AccessFlag.STATIC)
                || m.flags().has(AccessFlag.PRIVATE)
                || c.flags().has(AccessFlag.FINAL);
    }

    private static boolean isSpecies(ClassDesc type) {
        return SPECIES.contains(type.packageName() + "." + type.displayName());
    }

    private static boolean isVector(ClassDesc type) {
        return type.packageName().startsWith("jdk.incubator.vector") && type.displayName().endsWith("Vector");
    }

    private static String className(ClassModel c) {
        return c.thisClass().name().stringValue().replaceAll(".*/", "");
    }

    private static String name(ClassModel c, MethodModel m) {
        return className(c) + "." + m.methodName().stringValue();
    }
}
