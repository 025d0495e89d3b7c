using System.Security.Claims;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Radar.Jobs.Engine;

namespace Radar.Scheduler.Auth;

/// <summary>Login, logout, and the rule that a browser's changes carry the page's token.</summary>
internal static class LoginPages
{
    public static void MapLogin(this WebApplication application)
    {
        application.MapGet("/login", (IWebHostEnvironment environment) =>
            Results.File(environment.WebRootFileProvider.GetFileInfo("login.html").CreateReadStream(), "text/html; charset=utf-8")).AllowAnonymous();
        application.MapPost("/login", LogInAsync).AllowAnonymous().RequireRateLimiting(AuthRegistration.LoginLimit);
        application.MapPost("/logout", async (HttpContext context) =>
        {
            await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return Results.NoContent();
        });
        application.MapGet("/api/v1/session", (HttpContext context, IAntiforgery antiforgery) => Results.Ok(new
        {
            user = context.User.Identity!.Name,
            token = antiforgery.GetAndStoreTokens(context).RequestToken,
            jobs = context.RequestServices.GetService<EngineDashboard>(),
        }));
    }

    /// <summary>Refuses changes that a browser sends without the page's token: another site could have made it send them.</summary>
    public static void UseRequestTokens(this WebApplication application) => application.Use(async (context, next) =>
    {
        var changes = !(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));
        if (changes && context.User.Identity is { IsAuthenticated: true, AuthenticationType: CookieAuthenticationDefaults.AuthenticationScheme }
            && !await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsJsonAsync(new { error = "The page's token is missing or too old: reload the page and try again." });
            return;
        }
        await next(context);
    });

    private static async Task<IResult> LogInAsync(HttpContext context, Accounts accounts, CancellationToken cancellationToken)
    {
        // Another site could log a visitor in as somebody else; browsers say where a form was.
        if (context.Request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site")
        {
            return Results.BadRequest(new { error = "Log in from Radar's own page: /login." });
        }
        var form = await context.Request.ReadFormAsync(cancellationToken);
        string user = form["user"].ToString(), password = form["password"].ToString();
        var back = ReturnAddress.Of(context.Request.Query[ReturnAddress.Parameter]);
        if (await accounts.LogInAsync(user, password, cancellationToken) is not { } stamp)
        {
            return Results.Redirect($"/login?wrong=1&{ReturnAddress.Parameter}={Uri.EscapeDataString(back)}");
        }
        await context.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            new ClaimsPrincipal(new ClaimsIdentity(
                [new Claim(ClaimTypes.Name, user), new Claim(SessionStamp.Claim, stamp)], CookieAuthenticationDefaults.AuthenticationScheme)),
            new AuthenticationProperties { IsPersistent = true });
        return Results.Redirect(back);
    }
}
