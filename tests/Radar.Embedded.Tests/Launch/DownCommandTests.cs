namespace Radar.Embedded.Tests.Launch;

public sealed class DownCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Erase_FolderWithFilesOfOthers_RemovesOnlyWhatIsRadars()
    {
        Directory.CreateDirectory(_folder.In("logs"));
        await File.WriteAllTextAsync(_folder.In("secrets.json"), "{}");
        await File.WriteAllTextAsync(_folder.In("thesis.txt"), "years of work");
        var (exitCode, output) = await EmbeddedProcess.RunAsync("down", "--erase", "--state", _folder.Path);
        Assert.Equal(0, exitCode);
        Assert.Contains("thesis.txt", output, StringComparison.Ordinal);
        Assert.Equal([_folder.In("thesis.txt")], Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Erase_DamagedSystemFile_SaysSoAndErases()
    {
        await File.WriteAllTextAsync(_folder.In("system.json"), "{ half");
        var (exitCode, output) = await EmbeddedProcess.RunAsync("down", "--erase", "--state", _folder.Path);
        Assert.Equal(0, exitCode);
        Assert.Contains("system.json is damaged", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.Path));
    }

    [Fact]
    public async Task Down_NothingWasEverStarted_SaysSoAndSucceeds()
    {
        var (exitCode, output) = await EmbeddedProcess.RunAsync("down", "--state", _folder.Path);
        Assert.Equal(0, exitCode);
        Assert.Contains("nothing runs", output, StringComparison.Ordinal);
    }
}
