using Radar.Embedded.Processes;

namespace Radar.Embedded.Tests.Processes;

public sealed class LogFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => _folder.In("some.log");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Bound_LogThatHasGrown_IsMovedAsideWhileItsWriterGoesOn()
    {
        await using var writer = new StreamWriter(new FileStream(Log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        await writer.WriteLineAsync(new string('a', 100));
        LogFile.Bound(Log, 1_000);
        Assert.False(File.Exists(Log + ".1"));
        LogFile.Bound(Log, 50);
        Assert.Equal(0, LogFile.Length(Log));
        Assert.Equal(101, LogFile.Length(Log + ".1"));
    }

    [Fact]
    public async Task Tail_SinceALength_TellsWhatCameAfterEvenOfALogThatWasEmptied()
    {
        Assert.Equal("", LogFile.Tail(Log, 0, 5));
        await File.WriteAllTextAsync(Log, "before\n");
        var since = LogFile.Length(Log);
        await File.AppendAllTextAsync(Log, "one\ntwo\nthree\n");
        Assert.Equal("two\nthree", LogFile.Tail(Log, since, 2));
        await File.WriteAllTextAsync(Log, "new\n");
        Assert.Equal("new", LogFile.Tail(Log, since, 2));
    }
}
