using System.Reflection;
using System.Runtime.InteropServices;

namespace Radar.Embedded.Kafka;

/// <summary>The part of librdkafka's C interface that runs its mock cluster.</summary>
internal static partial class MockLibrary
{
    private const string Library = "librdkafka";

    // As the client library does: the package's first build wants libsasl2, which a bare machine lacks; the others bring everything along.
    private static readonly string[] Builds = [Library, "centos8-librdkafka", "alpine-librdkafka"];

    static MockLibrary() => NativeLibraries.Add(Library, Load);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint NewConfiguration();

    [LibraryImport(Library, EntryPoint = "rd_kafka_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewClient(int type, nint configuration, byte[] error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    public static partial nint NewCluster(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    public static partial nint Bootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_host_port", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SetHostPort(nint cluster, int broker, string host, int port);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateTopic(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    public static partial void PushErrors(nint cluster, short request, nuint count, int[] errors);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    public static partial void DestroyCluster(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy")]
    public static partial void DestroyClient(nint client);

    private static nint Load(Assembly assembly, DllImportSearchPath? searchPath)
    {
        foreach (var build in Builds)
        {
            if (NativeLibrary.TryLoad(build, assembly, searchPath, out var handle))
            {
                return handle;
            }
        }
        return 0; // The runtime's own search, and its message.
    }
}
