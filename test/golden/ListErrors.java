import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.Errors;

/** Prints Kafka's error table as JSON. README.md says how it is run. */
public class ListErrors {
  public static void main(String[] arguments) {
    String separator = "[\n";
    for (Errors error : Errors.values()) {
      boolean retriable = error.exception() instanceof RetriableException;
      System.out.printf("%s  { \"code\": %d, \"name\": \"%s\", \"retriable\": %b }", separator, error.code(), error.name(), retriable);
      separator = ",\n";
    }
    System.out.println("\n]");
  }
}
