using System.Diagnostics;

namespace Radar.Embedded.Tests.Processes;

public sealed class ProcessIdentityTests
{
    [Fact]
    public void Parse_WhatToStringWrote_IsTheSame() => Assert.Equal(ProcessIdentity.Own, ProcessIdentity.Parse(ProcessIdentity.Own.ToString()));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("machine 12")]
    [InlineData("machine twelve 13")]
    public void Parse_SomethingElse_IsNull(string? text) => Assert.Null(ProcessIdentity.Parse(text));

    [Fact]
    public void IsAlive_SamePidOfAnotherStart_IsNot()
    {
        Assert.True(ProcessIdentity.Own.IsAlive);
        Assert.False((ProcessIdentity.Own with { Start = ProcessIdentity.Own.Start + 1 }).IsAlive);
    }

    [Fact]
    public void IsKnownDead_OfAnotherMachine_CannotBeKnown() => Assert.False((ProcessIdentity.Own with { Machine = "another", Pid = 1 }).IsKnownDead);

    [Fact]
    public async Task IsAlive_AfterKill_IsNot()
    {
        using var process = Process.Start("sleep", "600");
        var identity = ProcessIdentity.Find(process.Id)!.Value;
        Assert.True(identity.IsAlive);
        process.Kill();
        await process.WaitForExitAsync();
        Assert.False(identity.IsAlive);
        Assert.True(identity.IsKnownDead);
    }
}
