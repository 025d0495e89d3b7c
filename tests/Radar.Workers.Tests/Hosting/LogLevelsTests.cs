using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Radar.Workers.Hosting;

namespace Radar.Workers.Tests.Hosting;

public sealed class LogLevelsTests
{
    [Theory]
    [InlineData("LOG_LEVEL", "debug", LogLevel.Debug)]
    [InlineData("Radar:Logs:Level", "WARNING", LogLevel.Warning)]
    [InlineData("LOG_LEVEL", "", LogLevel.Information)]
    public void Level_is_what_either_name_says(string key, string text, LogLevel expected) => Assert.Equal(expected, LogLevels.Read(Settings((key, text))));

    [Fact]
    public void Level_of_ours_goes_before_the_originals() => Assert.Equal(LogLevel.Error, LogLevels.Read(Settings(("LOG_LEVEL", "DEBUG"), ("Radar:Logs:Level", "ERROR"))));

    [Fact]
    public void Level_that_is_none_is_a_wrong_setting_with_the_words_to_use()
    {
        var settings = Settings(("LOG_LEVEL", "loud"));
        _ = LogLevels.Read(settings);
        var wrong = Assert.Throws<SettingsException>(settings.ThrowIfWrong);
        Assert.Contains("LOG_LEVEL is 'loud'", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("WARNING", wrong.Message, StringComparison.Ordinal);
    }

    private static SettingsReader Settings(params (string Key, string Value)[] settings) =>
        new(new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => (string?)s.Value)).Build());
}
