using System.Globalization;
using System.Net;
using Hangfire;
using Hangfire.Dashboard;

namespace Radar.Jobs.Hangfire.Dashboard;

/// <summary>On the page of a job, the way to its run.</summary>
internal static class RunLink
{
    /// <summary>Puts the link on every job's page.</summary>
    public static IGlobalConfiguration UseRunLinks(this IGlobalConfiguration configuration) =>
        configuration.UseJobDetailsRenderer(10, page => new NonEscapedString(Render(page.JobDetails.Job?.Args)));

    private static string Render(IReadOnlyList<object?>? arguments) => arguments switch
    {
        [long run, long, string label, ..] => Link(string.Create(CultureInfo.InvariantCulture, $"/runs/{run}"), label),
        [string workflow, ..] => Link($"/runs?workflow={Uri.EscapeDataString(workflow)}", $"runs of {workflow}"),
        _ => "",
    };

    private static string Link(string href, string text) =>
        $"""<p class="radar-run">In Radar: <a href="{WebUtility.HtmlEncode(href)}">{WebUtility.HtmlEncode(text)}</a></p>""";
}
