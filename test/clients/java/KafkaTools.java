import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's own command line tools one after the other in one JVM, for a JVM takes longer to start than most tools take to run.
 * Each line of standard input is a main class and its arguments, separated by the character U+001F. Each answer is a line with the exit
 * code and the number of bytes that the tool printed (standard output and error together), then those bytes.
 */
public final class KafkaTools {
  /** Thrown where a tool would end its process. Some tools catch it as they catch everything, complain, and exit once more. */
  private static final class Exited extends RuntimeException {
    Exited() {
      super("exited", null, false, false);
    }
  }

  private static final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private static final PrintStream catcher = new PrintStream(printed, true, StandardCharsets.UTF_8);
  /** Of the tool's first attempt to end its process; null before. */
  private static Integer exitCode;
  /** What it had printed by then: the rest would not exist in a process of its own. */
  private static byte[] output;

  public static void main(String[] args) throws Exception {
    OutputStream answers = System.out;
    System.setOut(catcher);
    System.setErr(catcher);
    Exit.setExitProcedure((code, message) -> exit(code));
    Exit.setHaltProcedure((code, message) -> exit(code));

    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      String[] words = line.split("\u001f", -1);
      run(words[0], Arrays.copyOfRange(words, 1, words.length));
      answers.write((exitCode + " " + output.length + "\n").getBytes(StandardCharsets.UTF_8));
      answers.write(output);
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  private static void run(String mainClass, String[] arguments) {
    exitCode = null;
    printed.reset();
    int code = 0;
    try {
      Class.forName(mainClass).getMethod("main", String[].class).invoke(null, (Object) arguments);
    } catch (InvocationTargetException thrown) {
      if (exitCode == null) thrown.getCause().printStackTrace();
      code = 1;
    } catch (ReflectiveOperationException missing) {
      missing.printStackTrace();
      code = 127;
    }
    note(code);
  }

  private static void exit(int code) {
    note(code);
    throw new Exited();
  }

  private static synchronized void note(int code) {
    if (exitCode != null) return;
    catcher.flush();
    exitCode = code;
    output = printed.toByteArray();
  }
}
