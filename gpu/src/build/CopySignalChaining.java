import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Copies libjsig of the JDK that runs this, which is the one of the tests, to where their LD_PRELOAD looks for it. */
public final class CopySignalChaining {
    private CopySignalChaining() {}

    public static void main(String[] args) throws IOException {
        String name = System.mapLibraryName("jsig");
        Path library = Path.of(System.getProperty("java.home"), "lib", name);
        Path folder = Files.createDirectories(Path.of(args[0]));
        if (Files.exists(library)) {
            Files.copy(library, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
