using System.Diagnostics;

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
    public async Task Erase_FolderThatWasNeverRadars_RefusesAndTouchesNothing()
    {
        foreach (var name in (string[])["data", "logs", "kafka", "postgres"])
        {
            Directory.CreateDirectory(_folder.In(name));
            await File.WriteAllTextAsync(_folder.In(name, "thesis.txt"), "years of work");
        }
        var (exitCode, output) = await EmbeddedProcess.RunAsync("down", "--erase", "--state", _folder.Path);
        Assert.Equal(1, exitCode);
        Assert.Contains("nothing was erased", output, StringComparison.Ordinal);
        Assert.Equal(4, Directory.GetFiles(_folder.Path, "thesis.txt", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task Erase_DataOfOthersBesideOurs_KeepsIt()
    {
        await File.WriteAllTextAsync(_folder.In("secrets.json"), "{}");
        foreach (var name in (string[])["prices", "predictions", "thesis"])
        {
            Directory.CreateDirectory(_folder.In("data", name));
            await File.WriteAllTextAsync(_folder.In("data", name, "rows.csv"), "1");
        }
        var (exitCode, _) = await EmbeddedProcess.RunAsync("down", "--erase", "--state", _folder.Path);
        Assert.Equal(0, exitCode);
        Assert.Equal([_folder.In("data", "thesis", "rows.csv")], Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Down_StateFolderOfAnotherUser_SaysSoAndFails()
    {
        await File.WriteAllTextAsync(_folder.In("system.json"), "{}");
        File.SetUnixFileMode(_folder.In("system.json"), UnixFileMode.None);
        // Root reads every file, unless it is without the right to.
        string[] command = ["dotnet", RepositoryRoot.Program("Radar.Embedded", "radar-embedded"), "down", "--state", _folder.Path];
        var start = new ProcessStartInfo(Environment.IsPrivilegedProcess ? "setpriv" : "env", [.. Environment.IsPrivilegedProcess ? (string[])["--bounding-set=-dac_override,-dac_read_search"] : [], .. command])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(1, process.ExitCode);
        Assert.Contains("may be another user's", await errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", await errors + await output, StringComparison.Ordinal);
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
