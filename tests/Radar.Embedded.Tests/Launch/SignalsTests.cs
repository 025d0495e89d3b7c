using Radar.Embedded.Launch;
using Radar.Testing;

namespace Radar.Embedded.Tests.Launch;

public sealed class SignalsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(0)] // The process group of whoever sends it.
    [InlineData(-1)] // Everybody.
    public void Kill_WhatIsNoProcessOfOurs_IsRefused(int pid)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Signals.Kill(pid));
        Assert.Throws<ArgumentOutOfRangeException>(() => Signals.Terminate(pid));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProcessSignals.Kill(pid));
    }

    [Fact]
    public void Kill_ProcessThatHasEnded_IsDone() => Assert.True(Signals.Kill(int.MaxValue));
}
