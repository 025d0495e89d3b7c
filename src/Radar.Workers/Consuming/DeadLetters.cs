using System.Text.Json;
using Confluent.Kafka;
using Radar.Jobs.Fleet;

namespace Radar.Workers.Consuming;

/// <summary>Records that could not be read, kept whole for whoever looks into it: one line of JSON each, with where it came from, why, and its bytes.</summary>
internal sealed class DeadLetters(string logsDirectory, WorkerId worker, TimeProvider time)
{
    /// <summary>The file.</summary>
    public string Path { get; } = System.IO.Path.Combine(logsDirectory, "dead-letters", worker.FileName + ".jsonl");

    /// <summary>Keeps a record, before its offset moves: a crash in between keeps it twice, and one that cannot be kept is not passed over.</summary>
    public void Keep(ConsumeResult<byte[], byte[]> record, string problem)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            var value = record.Message.Value ?? [];
            json.WriteStartObject();
            json.WriteString("at", time.GetUtcNow());
            json.WriteString("worker", worker.Value);
            json.WriteString("topic", record.Topic);
            json.WriteNumber("partition", record.Partition.Value);
            json.WriteNumber("offset", record.Offset.Value);
            json.WriteString("problem", problem);
            json.WriteNumber("bytes", value.Length);
            json.WriteBase64String("key", record.Message.Key ?? []);
            json.WriteBase64String("value", value);
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        using var file = new FileStream(Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        file.Write(line.GetBuffer(), 0, (int)line.Length);
    }
}
