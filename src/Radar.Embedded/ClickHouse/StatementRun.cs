using System.Buffers;
using System.IO.Pipelines;

namespace Radar.Embedded.ClickHouse;

/// <summary>One statement from its first byte to its result.</summary>
internal sealed class StatementRun(ChdbEngine engine, StatementThreads threads, StatementRequest request, PipeReader body, CancellationToken aborted)
{
    // ClickHouse's max_query_size: a statement, rows of an insert excluded, is not longer.
    private const int MaxText = 256 * 1024;

    // Rows of VALUES and statements with long lists come here; a body that is larger is a mistake.
    private const int MaxStatement = 64 * 1024 * 1024;

    /// <summary>Runs it.</summary>
    /// <exception cref="ChdbException">It was refused.</exception>
    /// <exception cref="IOException">The body broke off; an insert is not stored then.</exception>
    public Task<StatementResult> RunAsync() => threads.RunAsync(Run);

    private StatementResult Run()
    {
        using var session = engine.Open();
        if (request.Preamble() is { } preamble)
        {
            session.Execute(preamble);
        }
        var text = ReadBeginning(out var insert, out var isWhole);
        return insert.Kind == TextKind.InsertOfRows ? Insert(session, insert, text, isWhole) : Query(session, text, isWhole);
    }

    private ReadOnlySequence<byte> ReadBeginning(out InsertText insert, out bool isWhole)
    {
        while (true)
        {
            var (text, completed) = Read();
            insert = InsertText.Read(text.IsSingleSegment ? text.FirstSpan : text.ToArray(), completed);
            isWhole = completed;
            if (insert.Kind != TextKind.Unknown)
            {
                return text;
            }
            if (text.Length > MaxText)
            {
                throw new ChdbException(62, "SYNTAX_ERROR", $"Max query size exceeded: no rows begin within {MaxText} bytes");
            }
            body.AdvanceTo(text.Start, text.End);
        }
    }

    private StatementResult Query(ChdbSession session, ReadOnlySequence<byte> text, bool isWhole)
    {
        while (!isWhole)
        {
            if (text.Length > MaxStatement)
            {
                throw new ChdbException(229, "QUERY_IS_TOO_LARGE", $"The statement is longer than {MaxStatement} bytes");
            }
            body.AdvanceTo(text.Start, text.End);
            (text, isWhole) = Read();
        }
        var statement = text.ToArray();
        Check(session, statement);
        var format = ResultFormat.NamedIn(statement) ?? request.Format ?? ResultFormat.Default;
        return new StatementResult(session.Query(statement, format, request.Parameters), format);
    }

    private StatementResult Insert(ChdbSession session, InsertText insert, ReadOnlySequence<byte> bytes, bool isWhole)
    {
        if (request.OnlyReads)
        {
            throw OnlyReads();
        }
        using var stream = session.Insert(insert.Statement, insert.Format ?? request.Format ?? "Values", request.Parameters);
        bytes = bytes.Slice(insert.Rows);
        while (true)
        {
            var taken = Append(stream, bytes);
            body.AdvanceTo(bytes.End);
            if (isWhole || !taken)
            {
                break;
            }
            (bytes, isWhole) = Read();
        }
        aborted.ThrowIfCancellationRequested(); // A client that went away has not said that these were all its rows.
        return new StatementResult(stream.Finish());
    }

    private static bool Append(ChdbInsert stream, ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes)
        {
            if (piece.Length > 0 && !stream.Append(piece.Span))
            {
                return false;
            }
        }
        return true;
    }

    private void Check(ChdbSession session, byte[] statement)
    {
        var (count, onlyReads) = session.Classify(statement);
        if (count > 1)
        {
            throw new ChdbException(62, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)");
        }
        if (count == 1 && !onlyReads && request.OnlyReads)
        {
            throw OnlyReads();
        }
    }

    private static ChdbException OnlyReads() => new(
        164, "READONLY", "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries");

    private (ReadOnlySequence<byte> Bytes, bool IsCompleted) Read()
    {
        var read = body.ReadAsync(aborted).AsTask().GetAwaiter().GetResult();
        return (read.Buffer, read.IsCompleted);
    }
}
