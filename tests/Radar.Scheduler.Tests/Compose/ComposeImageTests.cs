using System.Text.RegularExpressions;
using Radar.Testing;

namespace Radar.Scheduler.Tests.Compose;

/// <summary>The Dockerfile, as far as it can be held against the repository without Docker.</summary>
public sealed partial class ComposeImageTests
{
    [Fact]
    public void Every_stage_is_from_a_pinned_image() =>
        Assert.All(ComposeImage.Of("FROM"), from => Assert.Matches(Pinned(), from));

    [Fact]
    public void Everything_copied_is_there_and_not_kept_out_of_the_context()
    {
        var allowed = File.ReadLines(ComposeFile.Path("Dockerfile.dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..]).ToList();
        foreach (var copy in ComposeImage.Of("COPY").Where(copy => !copy.StartsWith("--", StringComparison.Ordinal)))
        {
            foreach (var source in copy.Split(' ')[..^1])
            {
                var path = Path.Combine(SharedFolder.Repository, source);
                Assert.True(File.Exists(path) || Directory.Exists(path), $"COPY {source}: there is no such file");
                Assert.True(allowed.Exists(entry => source == entry || source.StartsWith(entry + "/", StringComparison.Ordinal)), $"COPY {source}: Dockerfile.dockerignore keeps it out");
            }
        }
    }

    [Fact]
    public void Last_stage_runs_as_a_user_that_is_not_root()
    {
        var last = ComposeImage.Instructions.Reverse().TakeWhile(line => !line.StartsWith("FROM ", StringComparison.Ordinal)).ToList();
        Assert.Equal("USER $APP_UID", Assert.Single(last, line => line.StartsWith("USER ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Commands_of_our_services_are_in_the_image()
    {
        var ours = ComposeFile.Repository.Services.Values.Where(service => service.Dockerfile is not null).ToList();
        Assert.NotEmpty(ours);
        foreach (var command in ours.SelectMany(service => (string[])[service.Command[0], .. service.HealthCheck.Skip(1).Take(1)]).Distinct())
        {
            Assert.Contains(ComposeImage.Instructions, line => line.Contains($"/usr/local/bin/{command}", StringComparison.Ordinal)
                || (line.EndsWith(" /usr/local/bin/", StringComparison.Ordinal) && line.Contains($"/{command} ", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Folders_of_the_image_are_in_the_volume_that_every_container_shares()
    {
        Assert.Equal("/var/lib/radar", ComposeImage.Environment["RADAR__DATA__DIRECTORY"]);
        Assert.Equal("/var/lib/radar/logs", ComposeImage.Environment["RADAR__LOGS__DIRECTORY"]);
        Assert.All(
            ComposeFile.Repository.Services.Values.Where(service => service.Dockerfile is not null),
            service => Assert.Contains("radar:/var/lib/radar", service.Volumes));
    }

    [GeneratedRegex("^[a-z0-9./-]+:[0-9]+\\.[0-9]+\\.[0-9]+[a-z0-9.-]*( AS [a-z]+)?$")]
    private static partial Regex Pinned();
}
