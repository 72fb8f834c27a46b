import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.metadata.MetadataRecordType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/**
 * Writes messages.json: for every message that Kafka has, in its lowest and highest version, the bytes that Kafka's own classes make
 * of it and the value that Kafka's own JSON converters tell. See README.md for how it is run.
 */
public class GoldenMessages {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String[] DATA = {
        "AbortedTxn", "ConsumerProtocolAssignment", "ConsumerProtocolSubscription", "ControlRecordTypeSchema", "DefaultPrincipalData", "EndTxnMarker",
        "KRaftVersionRecord", "LeaderChangeMessage", "SnapshotFooterRecord", "SnapshotHeaderRecord", "VotersRecord",
    };
    private static boolean isFirst = true;
    private static PrintStream out;

    /** full: every field that the version has is set. sparse: what may be null is null, what may be empty is empty. */
    private enum Filling { FULL, SPARSE }

    public static void main(String[] args) throws Exception {
        out = new PrintStream(args[0], StandardCharsets.UTF_8);
        out.println("[");
        for (ApiMessageType api : ApiMessageType.values()) {
            if (api.highestSupportedVersion(true) < api.lowestSupportedVersion()) continue;
            each(api.lowestSupportedVersion(), api.highestSupportedVersion(true), (version, filling) -> {
                request(api, version, filling);
                response(api, version, filling);
            });
        }
        for (MetadataRecordType type : MetadataRecordType.values()) {
            each(type.lowestSupportedVersion(), type.highestSupportedVersion(), (version, filling) -> {
                ApiMessage record = type.newMetadataRecord();
                fill(record, filling, version);
                ObjectSerializationCache cache = new ObjectSerializationCache();
                ApiMessageAndVersion both = new ApiMessageAndVersion(record, version);
                ByteBuffer bytes = ByteBuffer.allocate(MetadataRecordSerde.INSTANCE.recordSize(both, cache));
                MetadataRecordSerde.INSTANCE.write(both, cache, new ByteBufferAccessor(bytes));
                write("metadata record", record, version, filling, bytes);
            });
        }
        for (String name : DATA) stored("org.apache.kafka.common.message." + name);
        stored("org.apache.kafka.raft.generated.QuorumStateData");
        for (String coordinator : new String[] {"group", "transaction", "share"}) {
            Class<?> types = Class.forName("org.apache.kafka.coordinator." + coordinator + ".generated.CoordinatorRecordType");
            for (Object type : types.getEnumConstants()) {
                stored(types.getMethod("newRecordKey").invoke(type).getClass().getName());
                stored(types.getMethod("newRecordValue").invoke(type).getClass().getName());
            }
        }
        out.println("\n]");
        out.close();
    }

    private interface Case {
        void make(short version, Filling filling) throws Exception;
    }

    private static void each(short lowest, short highest, Case one) throws Exception {
        one.make(highest, Filling.SPARSE);
        one.make(highest, Filling.FULL);
        if (lowest < highest) one.make(lowest, Filling.FULL);
    }

    private static void request(ApiMessageType api, short version, Filling filling) throws Exception {
        ApiMessage body = api.newRequest();
        fill(body, filling, version);
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(api.apiKey()).setRequestApiVersion(version).setCorrelationId(version + 1000)
            .setClientId(filling == Filling.FULL ? "golden" : null);
        write("request", body, version, filling, frame(header, api.requestHeaderVersion(version), body, version));
    }

    private static void response(ApiMessageType api, short version, Filling filling) throws Exception {
        ApiMessage body = api.newResponse();
        fill(body, filling, version);
        ResponseHeaderData header = new ResponseHeaderData().setCorrelationId(version + 1000);
        write("response", body, version, filling, frame(header, api.responseHeaderVersion(version), body, version));
    }

    private static ByteBuffer frame(Message header, short headerVersion, Message body, short version) {
        ByteBuffer head = bytesOf(header, headerVersion);
        ByteBuffer rest = bytesOf(body, version);
        return (ByteBuffer) ByteBuffer.allocate(head.remaining() + rest.remaining()).put(head).put(rest);
    }

    private static void stored(String className) throws Exception {
        Message probe = (Message) Class.forName(className).getDeclaredConstructor().newInstance();
        each(probe.lowestSupportedVersion(), probe.highestSupportedVersion(), (version, filling) -> {
            Message message = (Message) probe.getClass().getDeclaredConstructor().newInstance();
            fill(message, filling, version);
            ByteBuffer bytes = bytesOf(message, version);
            bytes.position(bytes.limit());
            write("stored", message, version, filling, bytes);
        });
    }

    private static ByteBuffer bytesOf(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer bytes = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(bytes), cache, version);
        bytes.flip();
        return bytes;
    }

    /** @param bytes written up to its position */
    private static void write(String kind, Message message, short version, Filling filling, ByteBuffer bytes) throws Exception {
        Class<?> type = message.getClass();
        Class<?> converter = Class.forName(type.getName() + "JsonConverter");
        JsonNode value = (JsonNode) converter.getMethod("write", type, short.class, boolean.class).invoke(null, message, version, false);
        ObjectNode line = JSON.createObjectNode();
        line.put("kind", kind).put("name", type.getSimpleName().replaceAll("(Request|Response)Data$", "$1")).put("version", version);
        line.put("filling", filling.name().toLowerCase(Locale.ROOT)).set("value", value);
        line.put("bytes", HexFormat.of().formatHex(bytes.array(), 0, bytes.position()));
        out.print((isFirst ? "" : ",\n") + JSON.writeValueAsString(line));
        isFirst = false;
    }

    private static void fill(Message message, Filling filling, short version) throws Exception {
        Schema[] schemas = (Schema[]) message.getClass().getField("SCHEMAS").get(null);
        fill(message, schemas[version], filling, new Random(message.getClass().getSimpleName().hashCode() * 31L + version));
    }

    private static void fill(Object target, Schema schema, Filling filling, Random random) throws Exception {
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields tagged) {
                for (Field field : tagged.fields().values()) set(target, field, filling, random);
            } else {
                set(target, bound.def, filling, random);
            }
        }
    }

    private static void set(Object target, Field field, Filling filling, Random random) throws Exception {
        Method setter = setter(target.getClass(), field.name);
        Class<?> type = setter.getParameterTypes()[0];
        boolean isStruct = Message.class.isAssignableFrom(type);
        if (filling == Filling.SPARSE) {
            if (field.type.isNullable()) setter.invoke(target, (Object) null);
            else if (type.getSimpleName().equals("BaseRecords")) setter.invoke(target, MemoryRecords.EMPTY);
            else if (isStruct) setter.invoke(target, struct(type, (Schema) field.type, filling, random));
            return;
        }
        Object value = isStruct ? struct(type, (Schema) field.type, filling, random)
            : Collection.class.isAssignableFrom(type) ? collection(setter, type, field, random)
            : scalar(type, field.name, random);
        try {
            setter.invoke(target, value);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(target.getClass() + "." + field.name, e);
        }
    }

    @SuppressWarnings("unchecked")
    private static Object collection(Method setter, Class<?> type, Field field, Random random) throws Exception {
        Type generic = type == List.class ? setter.getGenericParameterTypes()[0] : type.getGenericSuperclass();
        Class<?> element = (Class<?>) ((ParameterizedType) generic).getActualTypeArguments()[0];
        Collection<Object> values = type == List.class ? new ArrayList<>() : (Collection<Object>) type.getDeclaredConstructor().newInstance();
        int count = 1 + random.nextInt(2);
        for (int i = 0; i < count; i++) {
            Object elementType = field.type.arrayElementType().orElseThrow();
            values.add(elementType instanceof Schema schema ? struct(element, schema, Filling.FULL, random) : scalar(element, field.name, random));
        }
        return values;
    }

    private static Object struct(Class<?> type, Schema schema, Filling filling, Random random) throws Exception {
        Object value = type.getDeclaredConstructor().newInstance();
        fill(value, schema, filling, random);
        return value;
    }

    private static Object scalar(Class<?> type, String name, Random random) {
        switch (type.getSimpleName()) {
            case "byte": case "Byte": return (byte) (1 + random.nextInt(127));
            // Numbers that stand for errors must be ones that Kafka has.
            case "short": case "Short": return (short) (1 + random.nextInt(name.endsWith("error_code") ? 130 : 32_000));
            case "int": case "Integer": return 1 + random.nextInt(65_000);
            case "long": case "Long": return random.nextBoolean() ? 1L + random.nextInt(Integer.MAX_VALUE) : Math.abs(random.nextLong());
            case "double": case "Double": return random.nextInt() / 1024.0;
            case "boolean": case "Boolean": return true;
            case "Uuid": return new Uuid(random.nextLong(), random.nextLong());
            case "String": return List.of("orders", "Grüße-", "日本", "😀 ", "a".repeat(150)).get(random.nextInt(5)) + random.nextInt(100_000);
            case "byte[]": return bytes(random);
            case "ByteBuffer": return ByteBuffer.wrap(bytes(random));
            case "BaseRecords": return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(random)));
            default: throw new IllegalArgumentException("no value for " + type + " " + name);
        }
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(40)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Schemas say v3_and_below_topics where the class says setV3AndBelowTopics. */
    private static Method setter(Class<?> type, String name) {
        String wanted = "set" + name.replace("_", "");
        for (Method method : type.getMethods()) {
            if (method.getName().equalsIgnoreCase(wanted) && method.getParameterCount() == 1) return method;
        }
        throw new IllegalArgumentException(type + " has no setter for " + name);
    }
}
