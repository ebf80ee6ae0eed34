package dev.eva.tests;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.core.domain.properties.HasParameterTypes.Predicates.rawParameterTypes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.Charset;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;

/** The arrows between modules and the things no module does. */
@AnalyzeClasses(packages = "dev.eva", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String JDK = "java..";
    private static final String COLLECTIONS = "org.eclipse.collections..";
    /** Where SIMD classes live: a package of its own in each module that has kernels. */
    private static final String[] VECTOR_KERNELS = {"dev.eva.tensor.kernel.vector..", "dev.eva.fp8.vector.."};

    @ArchTest
    static final ArchRule tensorUsesTheJdkAlone = only("dev.eva.tensor..", JDK, "jdk.incubator.vector..");

    @ArchTest
    static final ArchRule nnUsesTensor = only("dev.eva.nn..", "dev.eva.tensor..", JDK, COLLECTIONS);

    @ArchTest
    static final ArchRule fp8UsesNn =
            only("dev.eva.fp8..", "dev.eva.nn..", "dev.eva.tensor..", JDK, COLLECTIONS, "jdk.incubator.vector..");

    @ArchTest
    static final ArchRule moeUsesNn = only("dev.eva.moe..", "dev.eva.nn..", "dev.eva.tensor..", JDK, COLLECTIONS);

    @ArchTest
    static final ArchRule mlaUsesNn = only("dev.eva.mla..", "dev.eva.nn..", "dev.eva.tensor..", JDK, COLLECTIONS);

    @ArchTest
    static final ArchRule gpuUsesFp8 =
            only("dev.eva.gpu..", "dev.eva.fp8..", "dev.eva.nn..", "dev.eva.tensor..", "com.aparapi..", JDK);

    @ArchTest
    static final ArchRule modelKnowsNeitherItsDevicesNorItsCommands = noClasses()
            .that()
            .resideInAPackage("dev.eva.model..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.eva.gpu..", "dev.eva.cli..", "com.aparapi..", "picocli..");

    @ArchTest
    static final ArchRule reportKnowsNoModel = noClasses()
            .that()
            .resideInAPackage("dev.eva.report..")
            .should()
            .dependOnClassesThat(resideInAPackage("dev.eva..").and(resideOutsideOfPackage("dev.eva.report..")));

    @ArchTest
    static final ArchRule experimentsKnowNeitherDevicesNorCommands = noClasses()
            .that()
            .resideInAnyPackage("dev.eva.measure..", "dev.eva.masterclass..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.eva.gpu..", "dev.eva.cli..", "com.aparapi..", "picocli..");

    @ArchTest
    static final ArchRule simdIsBehindTheKernelSeam = noClasses()
            .that()
            .resideOutsideOfPackages(VECTOR_KERNELS)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jdk.incubator.vector..");

    @ArchTest
    static final ArchRule vectorKernelsAreFoundNotNamed = noClasses()
            .that()
            .resideOutsideOfPackages(VECTOR_KERNELS)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(VECTOR_KERNELS);

    @ArchTest
    static final ArchRule onlyCommandsAndBenchmarksPrint = noClasses()
            .that()
            .resideOutsideOfPackages("dev.eva.cli..", "dev.eva.bench..")
            .should(ACCESS_STANDARD_STREAMS);

    @ArchTest
    static final ArchRule randomnessIsAnArgument = noClasses()
            .should()
            .dependOnClassesThat(type(Random.class).or(type(ThreadLocalRandom.class)))
            .orShould()
            .callMethod(Math.class, "random");

    @ArchTest
    static final ArchRule charsetsAreNamed = noClasses()
            .should()
            .callConstructor(String.class, byte[].class)
            .orShould()
            .callConstructor(String.class, byte[].class, int.class, int.class)
            .orShould()
            .callMethod(String.class, "getBytes")
            .orShould()
            .callMethod(Charset.class, "defaultCharset")
            .orShould()
            .callConstructor(InputStreamReader.class, InputStream.class)
            .orShould()
            .callConstructor(OutputStreamWriter.class, OutputStream.class)
            .orShould()
            .callConstructor(FileReader.class, String.class)
            .orShould()
            .callConstructor(FileWriter.class, String.class);

    @ArchTest
    static final ArchRule textDoesNotDependOnTheUsersLanguage = noClasses()
            .should()
            .callMethod(String.class, "toLowerCase")
            .orShould()
            .callMethod(String.class, "toUpperCase")
            .orShould()
            .callMethod(String.class, "formatted", Object[].class)
            .orShould()
            .callMethodWhere(formatWithoutLocale());

    private static ArchRule only(String from, String... to) {
        String[] all = new String[to.length + 1];
        System.arraycopy(to, 0, all, 0, to.length);
        all[to.length] = from;
        return classes()
                .that()
                .resideInAPackage(from)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(all);
    }

    private static DescribedPredicate<JavaCall<?>> formatWithoutLocale() {
        return target(owner(type(String.class)))
                .and(target(name("format")))
                .and(target(rawParameterTypes(String.class, Object[].class)))
                .as("String.format without a Locale");
    }
}
