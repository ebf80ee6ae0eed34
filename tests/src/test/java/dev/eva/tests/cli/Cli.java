package dev.eva.tests.cli;

import dev.eva.cli.Eva;
import java.io.PrintWriter;
import java.io.StringWriter;

/** A command in this process. */
record Cli(int code, String out, String err) {
    static Cli eva(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Eva.run(new PrintWriter(out), new PrintWriter(err), args);
        return new Cli(code, out.toString(), err.toString());
    }
}
