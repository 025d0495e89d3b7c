using System.Runtime.InteropServices;

namespace Radar.Embedded.ClickHouse;

/// <summary>The part of libchdb's C interface that is used here. Handles are its own; every result and stream must be destroyed.</summary>
internal static unsafe partial class ChdbLibrary
{
    private const string Library = "libchdb";

    static ChdbLibrary() => NativeLibraries.Add(Library, (_, _) => NativeLibrary.Load(File));

    /// <summary>The library as npm brings it.</summary>
    public static string File => Path.Combine(RepositoryRoot.Path, "node_modules", "@chdb", "lib-linux-x64-gnu", "libchdb.so");

    [LibraryImport(Library, EntryPoint = "chdb_set_signal_handlers_enabled")]
    public static partial void SetSignalHandlersEnabled(int enabled);

    [LibraryImport(Library, EntryPoint = "chdb_connect")]
    public static partial nint* Connect(int count, byte** arguments);

    [LibraryImport(Library, EntryPoint = "chdb_close_conn")]
    public static partial void Close(nint* connection);

    [LibraryImport(Library, EntryPoint = "chdb_query_with_params_n")]
    public static partial nint Query(
        nint connection, byte* query, nuint queryLength, byte* format, nuint formatLength,
        byte** names, nuint* nameLengths, byte** values, nuint* valueLengths, nuint parameters);

    [LibraryImport(Library, EntryPoint = "chdb_classify_query_n")]
    public static partial int Classify(nint connection, byte* query, nuint queryLength, byte* database, nuint databaseLength, Analysis* analysis);

    [LibraryImport(Library, EntryPoint = "chdb_result_error")]
    public static partial nint Error(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_buffer")]
    public static partial byte* Buffer(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_length")]
    public static partial nuint Length(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_elapsed")]
    public static partial double Elapsed(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_rows_read")]
    public static partial ulong RowsOfResult(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_bytes_read")]
    public static partial ulong BytesOfResult(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_storage_rows_read")]
    public static partial ulong RowsRead(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_storage_bytes_read")]
    public static partial ulong BytesRead(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_rows_written")]
    public static partial ulong RowsWritten(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_result_bytes_written")]
    public static partial ulong BytesWritten(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_destroy_query_result")]
    public static partial void DestroyResult(nint result);

    [LibraryImport(Library, EntryPoint = "chdb_stream_insert_with_params_n")]
    public static partial nint BeginInsert(
        nint connection, byte* query, nuint queryLength, byte* format, nuint formatLength,
        byte** names, nuint* nameLengths, byte** values, nuint* valueLengths, nuint parameters);

    [LibraryImport(Library, EntryPoint = "chdb_stream_append")]
    public static partial int Append(nint stream, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "chdb_stream_done")]
    public static partial nint FinishInsert(nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_stream_cancel_insert")]
    public static partial void CancelInsert(nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_stream_insert_error")]
    public static partial nint InsertError(nint stream);

    [LibraryImport(Library, EntryPoint = "chdb_destroy_insert_stream")]
    public static partial void DestroyInsert(nint stream);

    /// <summary>What the engine's parser says of a text without running it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Analysis
    {
        /// <summary>Bytes of this structure, set by the caller.</summary>
        public uint Size;

        /// <summary>Statements in the text; 0 when it cannot be parsed.</summary>
        public uint Statements;

        /// <summary>Further facts, not used here.</summary>
        public uint Flags;

        /// <summary>0 only reads, 1 changes a database, 2 changes more than that, 3 controls the engine, 4 cannot be parsed.</summary>
        public uint Kind;
    }
}
