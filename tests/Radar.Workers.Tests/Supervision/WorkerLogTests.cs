using Radar.Workers.Supervision;

namespace Radar.Workers.Tests.Supervision;

public sealed class WorkerLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("radar-log-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Rotate_GrownTooLarge_KeepsTheNewestFew()
    {
        var path = Path.Combine(_folder, "w.log");
        var log = new WorkerLog(path, maxBytes: 10, kept: 2);
        foreach (var text in new[] { "first first", "second second", "third third" })
        {
            File.AppendAllText(path, text);
            log.Rotate();
        }
        Assert.Equal("", File.ReadAllText(path));
        Assert.Equal("third third", File.ReadAllText(path + ".1"));
        Assert.Equal("second second", File.ReadAllText(path + ".2"));
        Assert.False(File.Exists(path + ".3"));
    }

    [Fact]
    public void Tail_LongLog_IsItsLastLines()
    {
        var path = Path.Combine(_folder, "w.log");
        File.WriteAllLines(path, Enumerable.Range(0, 5_000).Select(i => $"line {i}"));
        Assert.Equal("line 4998\nline 4999", new WorkerLog(path, 10, 2).Tail(2));
    }
}
