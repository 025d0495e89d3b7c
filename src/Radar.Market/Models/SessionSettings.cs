using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Radar.Market.Models;

/// <summary>How every model's session is set up: one thread that does not spin, and no memory kept for shapes seen once.</summary>
internal static partial class SessionSettings
{
    // Newer builds of ONNX Runtime report each session to Microsoft, ask the shell for disks, and leave files in the working folder, unless the
    // library finds this in its environment when it is loaded, which is when the first session is set up. .NET's own environment is not the library's.
    static SessionSettings() => _ = SetNativeVariable("ORT_DISABLE_TELEMETRY", "1", overwrite: 0);

    public static SessionOptions Create()
    {
        var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            EnableMemoryPattern = false,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return options;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);
}
