using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.Extensions.Options;
using Radar.Scheduler.Api;

namespace Radar.Scheduler.Auth;

/// <summary>Registers login: a cookie for people, a token for programs, and nothing without either.</summary>
internal static class AuthRegistration
{
    /// <summary>Limits guesses at a password.</summary>
    public const string LoginLimit = "login";

    /// <summary>Policy: somebody who is logged in.</summary>
    public const string LoggedIn = "logged-in";

    private const string Either = "either";

    public static IServiceCollection AddRadarAuth(this IServiceCollection services)
    {
        services.AddSingleton<Accounts>();
        services.AddSingleton<SessionStamp>();
        services.AddDataProtection().SetApplicationName("radar");
        services.AddSingleton<IXmlRepository, DatabaseKeys>();
        services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(s =>
            new ConfigureOptions<KeyManagementOptions>(options => options.XmlRepository = s.GetRequiredService<IXmlRepository>()));
        services.AddAntiforgery(options => options.HeaderName = "X-Radar-Token");
        services.AddOptions<AntiforgeryOptions>().Configure<Accounts>((options, accounts) => options.Cookie.Name = "radar-token-" + accounts.SystemName);
        services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme)
            .Configure<Accounts>((options, accounts) => options.Cookie.Name = "radar-" + accounts.SystemName);
        services.AddAuthentication(Either)
            .AddPolicyScheme(Either, null, options => options.ForwardDefaultSelector = context =>
                context.Request.Headers.Authorization.Count > 0 ? TokenHandler.Name : CookieAuthenticationDefaults.AuthenticationScheme)
            .AddScheme<AuthenticationSchemeOptions, TokenHandler>(TokenHandler.Name, null)
            .AddCookie(options =>
            {
                options.Cookie.SameSite = SameSiteMode.Strict;
                options.LoginPath = "/login";
                options.ExpireTimeSpan = TimeSpan.FromDays(7);
                options.ReturnUrlParameter = ReturnAddress.Parameter;
                options.Events.OnValidatePrincipal = context =>
                    context.HttpContext.RequestServices.GetRequiredService<SessionStamp>().ValidateAsync(context);
                // A program that asks the API wants a status, not a login page.
                options.Events.OnRedirectToLogin = context =>
                {
                    if (context.Request.Path.StartsWithSegments("/api"))
                    {
                        return Problems.LoginRequiredAsync(context.HttpContext);
                    }
                    context.Response.Redirect(context.RedirectUri);
                    return Task.CompletedTask;
                };
            });
        var loggedIn = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build();
        services.AddAuthorizationBuilder().SetFallbackPolicy(loggedIn).AddPolicy(LoggedIn, loggedIn);
        services.AddRateLimiter(limits =>
        {
            limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limits.AddPolicy(LoginLimit, context => RateLimitPartition.GetFixedWindowLimiter(
                context.Connection.RemoteIpAddress,
                _ => new FixedWindowRateLimiterOptions { PermitLimit = 10, Window = TimeSpan.FromMinutes(1) }));
        });
        return services;
    }
}
